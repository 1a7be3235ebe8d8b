#!/usr/bin/env python3
"""How well deepread reads documents, beside the specialised tools that are installed here.

  score.py --program build/deepread [--data DIR] [--sets pdf,html] [--tools deepread,mutool] [--json FILE]

DIR holds a manifest.json, documents and what others wrote down as their content; items whose file is not there are
left out and counted.  Every figure of a row comes from the same run of score_ingest.py (its page says what each one is),
on the same items.  The goal is what deepread should reach; `<` marks a row below it.
"""
import argparse, json, os, shlex, shutil, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

# set, figure, goal, what is better: the larger or the smaller
ROWS = [
    ('pdf', 'wratio', 0.975, max), ('pdf', 'f1', None, max), ('pdf', 'order', None, max),
    ('pdf', 'furniture', 0, min),
    ('pdf-script', 'wratio', 0.93, max),
    ('pdf-table', 'rows', 0.95, max), ('pdf-table', 'pairs', 0.92, max),
    ('pdf-rotated', 'f1', 0.95, max), ('pdf-damaged', 'f1', 0.999, max), ('pdf-encrypted', 'f1', 0.999, max),
    ('pdf-contains', 'pass', 1, max), ('pdf-locked', 'pass', 1, max), ('pdf-notext', 'pass', 1, max),
    ('pdf-hostile', 'pass', 1, max), ('pdf-hostile', 'peak_MiB', 1024, min),
    ('html-article', 'f1', 0.972, max), ('html-article', 'r', 0.97, max), ('html-reader', 'f1', None, max),
    ('html-segments', 'f1', 0.925, max),
    ('charset-text', 'pass', 1, max), ('charset-html', 'pass', 1, max),
    ('tree', 'exact', 1, max), ('lang', 'acc', 0.87, max),
    ('docx', 'f1', 0.99, max), ('odt', 'f1', 0.99, max), ('epub', 'f1', 0.99, max), ('ipynb', 'f1', 0.99, max),
]

# name, program that must be there, sets, command ({} the file, {pw} the password), how a password is given
TOOLS = [
    ('pdftotext', 'pdftotext', 'pdf', 'pdftotext {pw} {} -', '-upw {}'),
    ('-layout', 'pdftotext', 'pdf', 'pdftotext -layout {pw} {} -', '-upw {}'),
    ('-raw', 'pdftotext', 'pdf', 'pdftotext -raw {pw} {} -', '-upw {}'),
    ('mutool', 'mutool', 'pdf', 'mutool draw -q -F txt {pw} {}', '-p {}'),
    ('pandoc', 'pandoc', 'html,charset-html,docx,odt,epub,ipynb', 'pandoc -t plain --wrap=none {}', ''),
    ('trafilatura', 'trafilatura', 'html', "sh -c 'trafilatura <\"$0\"' {}", ''),
    ('uchardet', 'uchardet', 'charset-text', "sh -c 'iconv -f \"$(uchardet \"$0\")\" -t utf-8 \"$0\"' {}", ''),
    ('git', 'git', 'tree', '', ''),
]


def shell(program, arguments, pipe=''):
    """A command for the scorer, which starts programs without a shell; {} becomes $0."""
    return 'sh -c %s {}' % shlex.quote('%s %s "$0"%s' % (shlex.quote(program), arguments, pipe))


def deepread(program):
    """Passwords are read from a file, never from the command line."""
    text = 'sh -c %s {} {pw}' % shlex.quote(
        'p=$(mktemp) && printf "%%s\\n" "$1" >"$p" && %s text -q --password-file "$p" "$0"; r=$?; rm -f "$p"; exit $r'
        % shlex.quote(program))
    return ['--password', '{}', '--tree', shell(program, 'text -q --list --hidden', ' | cut -f 1'),
            '--lang', shell(program, 'text -q --list', ' | cut -f 3'), text]


def run(arguments, data, sets):
    """The summary that the scorer makes of one tool."""
    with tempfile.NamedTemporaryFile(suffix='.json') as f:
        p = subprocess.run([sys.executable, os.path.join(HERE, 'score_ingest.py'), '--dir', data, '--sets', sets,
                            '--no-ratio', '--json', f.name] + arguments, stdout=subprocess.PIPE, text=True)
        if p.returncode:
            sys.exit('score.py: the scorer failed')
        with open(f.name, encoding='utf8') as g:
            return json.load(g)


def shown(v):
    return '' if v is None else '%.0f' % v if v >= 10 else '%.3f' % v


def print_table(columns, results):
    """True when every goal is reached."""
    print('%-15s %-10s %7s' % ('set', 'figure', 'goal') + ''.join(' %11s' % c for c in columns))
    good = True
    for name, figure, goal, better in ROWS:
        values = [results[c]['summary'].get(name, {}).get(figure) for c in columns]
        if all(v is None for v in values):
            continue
        below = goal is not None and values[0] is not None and better(values[0], goal - 1e-9) != values[0] \
            and values[0] != goal
        good = good and not below
        print('%-15s %-10s %7s' % (name, figure, '' if goal is None else shown(float(goal))) +
              ''.join(' %11s' % shown(v) for v in values) + (' <' if below else ''))
    return good


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--program', required=True)
    ap.add_argument('--data', default=os.path.join(HERE, '..', 'data', 'ingest'))
    ap.add_argument('--sets', default='')
    ap.add_argument('--tools', default='', help='comma list; all that are installed')
    ap.add_argument('--json', default='', help='every item of every tool')
    a = ap.parse_args()
    wanted = [x for x in a.tools.split(',') if x]
    program = os.path.abspath(a.program)
    results = {'deepread': run(deepread(program), a.data, a.sets)}
    absent = []
    for name, needs, sets, command, password in TOOLS:
        if wanted and name not in wanted:
            continue
        if not shutil.which(needs):
            absent.append(name)
            continue
        sets = ','.join(s for s in sets.split(',') if not a.sets or any(
            s.startswith(x) or x.startswith(s) for x in a.sets.split(',')))
        if not sets:
            continue
        extra = ['--tree', 'git -C {} ls-files -co --exclude-standard'] if name == 'git' else \
            ['--password', password, command]
        results[name] = run(extra, a.data, sets)
    good = print_table(list(results), results)
    with open(os.path.join(a.data, 'manifest.json'), encoding='utf8') as f:
        items = json.load(f)['items']
    missing = sum(not os.path.exists(os.path.join(a.data, i.get('file') or i['archive'])) for i in items)
    print('%d items' % len(results['deepread']['items']) +
          ('; %d items have no file here' % missing if missing else '') +
          ('; not installed: %s' % ', '.join(absent) if absent else ''))
    if not good:
        print('`<`: below the goal')
    if a.json:
        with open(a.json, 'w', encoding='utf8') as f:
            json.dump(results, f, ensure_ascii=False, indent=1)


if __name__ == '__main__':
    main()
