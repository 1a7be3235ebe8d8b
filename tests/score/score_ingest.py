#!/usr/bin/env python3
"""Score a converter on an ingestion set (the folder this file lies in, or --dir).

  score_ingest.py 'pdftotext {} -'
  score_ingest.py 'pdftotext {pw} {} -' --password '-upw {}' --sets pdf
  score_ingest.py 'mytool text {pw} {}' --password '--password {}' --tree 'mytool files {}' --lang 'mytool lang {}'
  score_ingest.py --from outputs/          (score texts made before: outputs/<id with / as _>.txt)

TEMPLATE converts one file to plain text on stdout. {} is the file, {pw} the password argument (nothing where the
item has no password). It is run without a shell. --tree prints the files a tool would ingest from a directory, one per
line; --lang prints the name of the language of one file. Only the Python 3 standard library is used.

Metrics
  ratio   exactly that of py-pdf/benchmarks: Levenshtein.ratio(truth, output) on the raw characters,
          = 2*LCS/(len+len). It punishes extra blanks too, so layout modes score low on it.
  f1      bag-of-words F1 (precision p, recall r) after NFKC, removal of invisible and bidi control characters and
          joining of words hyphenated at a line end; every Han and kana character is a word of its own.
  order   reading order: longest common subsequence of words / words found (1.0 = all that was found is in order).
  wratio  both together: 2*LCS/(n+m) on words.
  html    that of scrapinghub/article-extraction-benchmark: 4-word shingles, precision and recall averaged over the
          pages, F1 of the two means.
  seg     that of adbar/trafilatura: annotated segments that must and must not occur; F1 over all segments.
  rows    tables: share of the true rows whose cells stand in order on one output line; pairs: share of the true
          neighbour cells that are neighbours when a line is split at |, tab or two blanks; cells: share found at all.
  pass    share of items that behave (contains, locked, no text, hostile, charset).
  exact   files listed exactly as git lists them (tree); words exactly the truth (html).
  furniture  lines of running heads and page footers left in the text (mean per item that has some; 0 is the aim).
Times count one process per file, start included. peak_MiB never falls below this script's own image (about 19 MiB).
"""
import argparse, collections, gzip, io, json, multiprocessing, os, re, shlex, shutil, signal, statistics, subprocess
import sys, tarfile, tempfile, threading, time, unicodedata

CJK = '\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff'
TOKEN = re.compile('[%s]|[^\\W%s]+' % (CJK, CJK))
INVISIBLE = re.compile('[\u00ad\u200b-\u200f\u2060-\u2064\ufeff]')
BIDI = re.compile('[\u202a-\u202e\u2066-\u2069]')
HYPHEN = re.compile('([^\\W\\d_])[-\u2010]\\s*\\n\\s*([a-z\u00df-\u00f6\u00f8-\u00ff])')
WORD = re.compile(r'\w+', re.UNICODE)


def norm(t):
    return BIDI.sub(' ', INVISIBLE.sub('', unicodedata.normalize('NFKC', t)))


def words(t):
    return TOKEN.findall(HYPHEN.sub(r'\1\2', norm(t)))


def lcs(a, b):
    """length of the longest common subsequence, bit-parallel (Hyyro)"""
    lo, hi = 0, min(len(a), len(b))
    while lo < hi and a[lo] == b[lo]:
        lo += 1
    k = 0
    while k < hi - lo and a[-1 - k] == b[-1 - k]:
        k += 1
    a, b = a[lo:len(a) - k], b[lo:len(b) - k]
    if len(a) < len(b):
        a, b = b, a
    n = len(a)
    if not n or not b:
        return lo + k
    where = collections.defaultdict(list)
    need = set(b)
    for i, c in enumerate(a):
        if c in need:
            where[c].append(i)
    mask = {}
    for c, l in where.items():
        ba = bytearray((n + 7) // 8)
        for i in l:
            ba[i >> 3] |= 1 << (i & 7)
        mask[c] = int.from_bytes(ba, 'little')
    full = (1 << n) - 1
    v = full
    for c in b:
        m = mask.get(c)
        if m is None:
            continue
        u = v & m
        v = ((v + u) | (v - u)) & full
    return lo + k + n - bin(v).count('1')


def text_scores(truth, out, allow=None, ratio=True):
    g, o = words(truth), words(out)
    cg, co = collections.Counter(g), collections.Counter(o)
    hit = sum((cg & co).values())
    extra = len(o) - hit
    if allow:
        extra -= sum(((co - cg) & collections.Counter(words(allow))).values())
    r = hit / len(g) if g else 1.0
    p = hit / (hit + extra) if hit + extra else (1.0 if not g else 0.0)
    l = lcs(g, o)
    s = {'r': r, 'p': p, 'f1': 2 * p * r / (p + r) if p + r else 0.0, 'order': l / hit if hit else 0.0,
         'wratio': 2 * l / (len(g) + len(o)) if g or o else 1.0}
    if ratio:
        s['ratio'] = 2 * lcs(truth, out) / (len(truth) + len(out)) if truth or out else 1.0
    return s


def shingles(t, n=4):
    w = WORD.findall(t or '')
    return collections.Counter(tuple(w[i:i + n]) for i in range(max(1, len(w) - n + 1)) if w[i:i + n])


def article_scores(truth, out):
    a, b = shingles(truth), shingles(out)
    tp = sum((a & b).values())
    fp, fn = sum(b.values()) - tp, sum(a.values()) - tp
    return {'p': None if tp + fp == 0 else tp / (tp + fp), 'r': None if tp + fn == 0 else tp / (tp + fn),
            'exact': float(WORD.findall(truth or '') == WORD.findall(out or ''))}


def squeeze(t):
    return re.sub(r'\s+', ' ', t).strip()


def segment_scores(item, out):
    o = squeeze(out)
    tp = sum(squeeze(w) in o for w in item['with'])
    fp = sum(squeeze(w) in o for w in item['without'])
    return {'tp': tp, 'fp': fp, 'fn': len(item['with']) - tp, 'tn': len(item['without']) - fp}


def contains_score(item, out):
    def flat(t):
        return re.sub(r'\s+', ' ', norm(t))
    o = flat(out)
    oh = flat(HYPHEN.sub(r'\1\2', norm(out)))
    good = [flat(s) in o or flat(HYPHEN.sub(r'\1\2', norm(s))) in oh for s in item.get('contains', [])]
    bad = [flat(s) in o for s in item.get('absent', [])]
    return (sum(good) + sum(not b for b in bad)) / max(1, len(good) + len(bad))


def table_scores(tables, out):
    def bare(t):
        return re.sub(r'\s+', '', norm(t))
    lines = [bare(l.replace('|', ' ')) for l in norm(out).split('\n')]
    lines = [l for l in lines if l]
    allt = ''.join(lines)
    near = set()
    for l in norm(out).split('\n'):
        c = [bare(x) for x in re.split(r'\s{2,}|\t|\||\xa0{2,}', l.strip())]
        c = [x for x in c if x]
        near.update(zip(c, c[1:]))
    nr = hr = nc = hc = np_ = hp = 0
    for t in tables:
        for row in t:
            cells = [bare(c) for c in row]
            cells = [c for c in cells if c]
            nc += len(cells)
            hc += sum(c in allt for c in cells)
            if len(cells) > 1:
                np_ += len(cells) - 1
                hp += sum(p in near for p in zip(cells, cells[1:]))
                nr += 1
                for l in lines:
                    i = 0
                    for c in cells:
                        i = l.find(c, i)
                        if i < 0:
                            break
                        i += len(c)
                    else:
                        hr += 1
                        break
    return {'rows': hr / max(1, nr), 'pairs': hp / max(1, np_), 'cells': hc / max(1, nc)}


def run(argv, timeout, cwd=None):
    """stdout bytes, return code, wall seconds, CPU seconds, peak memory in MiB, timed out"""
    with tempfile.TemporaryFile() as o, tempfile.TemporaryFile() as e:
        t0 = time.perf_counter()
        try:
            p = subprocess.Popen(argv, stdout=o, stderr=e, stdin=subprocess.DEVNULL, start_new_session=True, cwd=cwd)
        except OSError as x:
            return b'', 127, 0.0, 0.0, 0.0, False, str(x)
        late = []

        def kill():
            late.append(1)
            try:
                os.killpg(p.pid, signal.SIGKILL)
            except OSError:
                pass
        w = threading.Timer(timeout, kill)
        w.start()
        _, st, ru = os.wait4(p.pid, 0)
        w.cancel()
        wall = time.perf_counter() - t0
        p.returncode = os.waitstatus_to_exitcode(st)
        o.seek(0)
        e.seek(0)
        return o.read(), p.returncode, wall, ru.ru_utime + ru.ru_stime, ru.ru_maxrss / 1024, bool(late), \
            e.read(2000).decode('utf8', 'replace')


def argv_for(template, path, password=None, pwarg=None):
    out = []
    for a in shlex.split(template):
        if a == '{pw}':
            if password is not None and pwarg:
                out += [x.replace('{}', password) for x in shlex.split(pwarg)]
        else:
            out.append(a.replace('{}', path))
    return out


def read(root, rel):
    with open(os.path.join(root, rel), encoding='utf8', errors='replace', newline='') as f:
        return f.read().replace('\r\n', '\n')


def score(job):
    root, it, out, rc, late, ratio = job
    s = it['set']
    if s == 'pdf-locked':
        return {'pass': float(rc != 0 and rc > 0 and not out.strip())}
    if s == 'pdf-notext':
        return {'pass': float(len(words(out)) <= 3 and not late and rc >= 0)}
    if s == 'pdf-hostile':
        return {'pass': float(not late and rc >= 0)}
    if s == 'pdf-table':
        with open(os.path.join(root, it['tables']), encoding='utf8') as f:
            return table_scores(json.load(f), out)
    if s in ('html-article', 'html-reader'):
        return article_scores(read(root, it['expect']), out)
    if s == 'html-segments':
        return segment_scores(it, out)
    if s == 'charset-text':
        a, b = squeeze(INVISIBLE.sub('', read(root, it['expect']))), squeeze(INVISIBLE.sub('', out))
        return {'pass': float(a == b)}
    if 'expect' in it:
        allow = read(root, it['allow']) if 'allow' in it else None
        r = text_scores(read(root, it['expect']), out, allow, ratio and s.startswith('pdf'))
        if 'furniture' in it:
            o = squeeze(norm(out))
            r['furniture'] = sum(o.count(squeeze(norm(f))) for f in it['furniture'])
        return r
    return {'pass': contains_score(it, out)}


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('template', nargs='?')
    ap.add_argument('--dir', default=os.path.dirname(os.path.abspath(__file__)))
    ap.add_argument('--sets', default='', help='comma list of set name prefixes, e.g. pdf,html-article')
    ap.add_argument('--ids', default='', help='comma list of ids')
    ap.add_argument('--password', default='')
    ap.add_argument('--tree', default='')
    ap.add_argument('--lang', default='')
    ap.add_argument('--from', dest='src', default='', help='folder with ready outputs')
    ap.add_argument('--keep', default='', help='folder to keep outputs in')
    ap.add_argument('--timeout', type=float, default=60)
    ap.add_argument('--no-ratio', action='store_true', help='skip the character ratio (the slow one)')
    ap.add_argument('--detail', action='store_true')
    ap.add_argument('--json', default='')
    a = ap.parse_args()
    with open(os.path.join(a.dir, 'manifest.json'), encoding='utf8') as f:
        items = json.load(f)['items']
    pre = [x for x in a.sets.split(',') if x]
    ids = set(x for x in a.ids.split(',') if x)
    items = [i for i in items if (not pre or any(i['set'].startswith(p) for p in pre)) and (not ids or i['id'] in ids)]
    items = [i for i in items if os.path.exists(os.path.join(a.dir, i.get('file') or i['archive']))]
    tmp = tempfile.mkdtemp(prefix='ingest-')
    jobs, times, results = [], {}, {}
    try:
        for it in items:
            k = it['kind']
            if k == 'tree':
                if not a.tree:
                    continue
                d = os.path.join(tmp, it['id'].replace('/', '_'))
                with tarfile.open(os.path.join(a.dir, it['file'])) as t:
                    t.extractall(d, **({'filter': 'fully_trusted'} if hasattr(tarfile, 'data_filter') else {}))
                o, rc, wall, cpu, mem, late, err = run(argv_for(a.tree, d), a.timeout)
                got = set()
                for l in o.decode('utf8', 'replace').split('\n'):
                    if not l:
                        continue
                    l = l[2:] if l.startswith('./') else l
                    l = os.path.relpath(l, d) if l.startswith(d) else l
                    if not l.startswith('.git/') and l != '.git':
                        got.add(l)
                got -= set(it.get('optional', []))
                want = set(x for x in read(a.dir, it['expect']).split('\n') if x)
                hit = len(got & want)
                p, r = (hit / len(got) if got else 0.0), hit / max(1, len(want))
                results[it['id']] = {'p': p, 'r': r, 'f1': 2 * p * r / (p + r) if p + r else 0.0, 'exact': float(got == want)}
                if a.detail:
                    results[it['id']].update(missing=sorted(want - got)[:20], extra=sorted(got - want)[:20])
                times[it['id']] = (wall, cpu, mem, rc, late)
                continue
            if k == 'lang':
                if not a.lang:
                    continue
                ar = os.path.join(tmp, 'lang')
                if not os.path.isdir(ar):
                    with tarfile.open(os.path.join(a.dir, it['archive'])) as t:
                        t.extractall(ar, **({'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}))
                o, rc, wall, cpu, mem, late, err = run(argv_for(a.lang, os.path.join(ar, it['member'])), a.timeout)
                g = (o.decode('utf8', 'replace').strip().split('\n') or [''])[0].strip()
                results[it['id']] = {'acc': float(g.casefold() == it['language'].casefold()), 'got': g}
                times[it['id']] = (wall, cpu, mem, rc, late)
                continue
            name = it['id'].replace('/', '_')
            if a.src:
                p = os.path.join(a.src, name + '.txt')
                if not os.path.exists(p):
                    continue
                with open(p, encoding='utf8', errors='replace') as f:
                    out = f.read()
                rc, late, times[it['id']] = 0, False, (0, 0, 0, 0, False)
            elif a.template:
                path = os.path.join(a.dir, it['file'])
                if path.endswith('.gz'):
                    q = os.path.join(tmp, os.path.basename(path)[:-3])
                    with gzip.open(path) as f, open(q, 'wb') as g:
                        shutil.copyfileobj(f, g)
                    path = q
                lim = 10 if it['set'] == 'pdf-hostile' else a.timeout
                o, rc, wall, cpu, mem, late, err = run(argv_for(a.template, path, it.get('password'), a.password), lim)
                out = o.decode('utf8', 'replace').replace('\r\n', '\n')
                times[it['id']] = (wall, cpu, mem, rc, late)
                it['_size'] = os.path.getsize(path)
            else:
                continue
            if a.keep:
                os.makedirs(a.keep, exist_ok=True)
                with open(os.path.join(a.keep, name + '.txt'), 'w', encoding='utf8') as f:
                    f.write(out)
            jobs.append((a.dir, it, out, rc, late, not a.no_ratio))
        jobs.sort(key=lambda j: -len(j[2]))
        with multiprocessing.Pool(min(8, os.cpu_count() or 1)) as pool:
            for j, r in zip(jobs, pool.imap(score, jobs, 1)):
                results[j[1]['id']] = r
    finally:
        shutil.rmtree(tmp, ignore_errors=True)
    by = collections.defaultdict(list)
    for it in items:
        if it['id'] in results:
            by[it['set']].append(it)
    summary = {}

    def mean(l):
        return statistics.mean(l) if l else 0.0

    for s in sorted(by):
        rs = [results[i['id']] for i in by[s]]
        m = {'n': len(rs)}
        if s in ('html-article', 'html-reader'):
            p, r = mean([x['p'] for x in rs if x['p'] is not None]), mean([x['r'] for x in rs if x['r'] is not None])
            m.update(f1=2 * p * r / (p + r) if p + r else 0.0, p=p, r=r, exact=mean([x['exact'] for x in rs]))
        elif s == 'html-segments':
            tp, fp, fn, tn = (sum(x[k] for x in rs) for k in ('tp', 'fp', 'fn', 'tn'))
            p, r = tp / max(1, tp + fp), tp / max(1, tp + fn)
            m.update(f1=2 * p * r / (p + r) if p + r else 0.0, p=p, r=r, acc=(tp + tn) / max(1, tp + fp + fn + tn))
        elif s == 'lang':
            m['acc'] = mean([x['acc'] for x in rs])
            for g in sorted({i['group'] for i in by[s]}):
                m['acc:' + g] = mean([results[i['id']]['acc'] for i in by[s] if i['group'] == g])
        else:
            for k in ('ratio', 'f1', 'order', 'wratio', 'r', 'p', 'rows', 'pairs', 'cells', 'pass', 'exact', 'furniture'):
                v = [x[k] for x in rs if k in x]
                if v:
                    m[k] = mean(v)
        tt = [times[i['id']] for i in by[s]]
        wall = sum(t[0] for t in tt)
        if wall:
            m['wall_s'], m['cpu_s'], m['peak_MiB'] = wall, sum(t[1] for t in tt), max(t[2] for t in tt)
            size = sum(i.get('_size', 0) for i in by[s])
            if size:
                m['MB_per_s'] = size / 1e6 / wall
        m['timeouts'] = sum(t[4] for t in tt)
        m['crashes'] = sum(t[3] < 0 and not t[4] for t in tt)
        summary[s] = m
    if a.json:
        with open(a.json, 'w', encoding='utf8') as f:
            json.dump({'summary': summary, 'items': results, 'times': times}, f, ensure_ascii=False, indent=1)
    for s, m in summary.items():
        print('%-14s n=%-3d %s' % (s, m['n'], '  '.join('%s=%s' % (k, ('%.3f' if v < 100 else '%.0f') % v) for k, v in m.items() if k != 'n' and not (k in ('timeouts', 'crashes') and not v))))
    if a.detail:
        for s in sorted(by):
            for i in by[s]:
                r = results[i['id']]
                print('  %-44s %s' % (i['id'], '  '.join('%s=%s' % (k, '%.3f' % v if isinstance(v, float) else v) for k, v in r.items())))


if __name__ == '__main__':
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
