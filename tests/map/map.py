#!/usr/bin/env python3
"""map.py PROGRAM DATA: every line of `deepread text --map` against the source; TAP on standard output.

  text, HTML   the bytes that the line names, decoded anew and without tags, hold the words of the line
  PDF          the words that pdftotext (poppler) sees in the box that the line names, on its page, are those of the line

Loosely: white space, hyphens, ligatures and the order of right-to-left letters are not compared.
"""
import glob, gzip, html, os, re, shutil, subprocess, sys, tempfile, unicodedata

PASSWORDS = {'pdfbox-user-256.pdf': 'user', 'writer-password.pdf': 'openpassword'}
ENCODINGS = {'candide-gb18030': 'gb18030', 'candide-utf-16le': 'utf-16-le', 'unsu-joh-eun-nal-euc-kr': 'euc_kr',
             'sunzi-bingfa-gb-levels-1-and-2-hz-gb2312': 'hz', 'w3c-meta-content-attribute': 'iso8859-15',
             'w3c-UTF-16BE-BOM': 'utf-16-be'}
LEAST = 0.97  # share of the lines that must be right; the others are printed


def letters(s):
    """Letters and digits, in plain forms, sorted by nothing: as a list of words."""
    s = unicodedata.normalize('NFKC', s).replace('\u00ad', '')
    return re.findall(r'[^\W_]+', re.sub(r'(\w)[-\u2010]\s*\n\s*', r'\1', s))


def bag(s):
    """The letters of a text whatever their order: hyphens and ligatures do not matter."""
    counts = {}
    for c in ''.join(letters(s)).casefold():
        counts[c] = counts.get(c, 0) + 1
    return counts


def lacks(line, source):
    """How many letters of the line are not in the source."""
    have = bag(source)
    return sum(max(0, n - have.get(c, 0)) for c, n in bag(line).items())


def mapped(program, path, password=None):
    """The lines of the map: page, line, place, text."""
    command = [program, 'text', '-q', '--map']
    with tempfile.NamedTemporaryFile('w') as f:
        if password:
            f.write(password + '\n')
            f.flush()
            command += ['--password-file', f.name]
        p = subprocess.run(command + [path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    rows = p.stdout.decode('utf8').split('\n')
    return [r.split('\t', 3) for r in rows if r.strip()]


def words_of(path, password):
    """The words of each page with the middle of their boxes, as poppler sees them."""
    out = subprocess.run(['pdftotext', '-bbox'] + (['-upw', password] if password else []) + [path, '-'],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode('utf8', 'replace')
    pages = []
    for row in out.split('\n'):
        if '<page ' in row:
            pages.append([])
        m = re.match(r'\s*<word xMin="([-.\d]+)" yMin="([-.\d]+)" xMax="([-.\d]+)" yMax="([-.\d]+)">(.*)</word>', row)
        if m:
            x0, y0, x1, y1 = map(float, m.groups()[:4])
            pages[-1].append(((x0 + x1) / 2, (y0 + y1) / 2, html.unescape(m.group(5))))
    return pages


def bad_in_pdf(rows, path, password):
    pages = words_of(path, password)
    bad = []
    for page, _, place, text in rows:
        box = [float(v) for v in place.split(',')]
        at = int(page) - 1
        if at >= len(pages) or not pages[at]:
            continue  # poppler's tool sees nothing there: a file that was mended
        inside = [w for x, y, w in pages[at] if box[0] - 1 <= x <= box[2] + 1 and box[1] - 1 <= y <= box[3] + 1]
        source = ' '.join(inside)
        if at + 1 < len(pages):  # a paragraph that goes on names the page where it begins
            source += ' ' + ' '.join(w for _, _, w in pages[at + 1])
        if not inside or lacks(text, source) > 0.05 * sum(bag(text).values()):
            bad.append((page, place, text))
    return bad


def bad_in_bytes(rows, path, source):
    name = os.path.basename(path).rsplit('.', 1)[0]
    encoding = ENCODINGS.get(name, 'utf-8')
    bad = []
    for _, _, place, text in rows:
        a, b = (int(v) for v in place.split('-'))
        piece = source[a:b]
        if encoding == 'hz':
            piece = b'~{' + piece if b'~}' in piece and b'~{' not in piece.split(b'~}')[0] else piece
        s = piece.decode(encoding, 'replace')
        if path.endswith('.html'):
            text = re.sub(r'^\s*(\d+|[a-z])\. ', '', text)  # the number of an item is made
            s = html.unescape(re.sub(r'(?s)<!--.*?-->|<(script|style)\b.*?</\1>|<[^<>]*>', ' ', s))
        if not piece or lacks(text, s) > 0.05 * sum(bag(text).values()):
            bad.append(('-', place, text))
    return bad


def main():
    program, data = os.path.abspath(sys.argv[1]), sys.argv[2]
    files = sorted(glob.glob(data + '/demo.pdf') + glob.glob(data + '/ingest/pdf/*.pdf') +
                   glob.glob(data + '/ingest/html/*.html.gz') + glob.glob(data + '/ingest/enc/*') +
                   glob.glob(data + '/ingest/pdf/*.txt'))
    have_poppler = shutil.which('pdftotext') is not None
    print('1..%d' % len(files))
    failed = 0
    with tempfile.TemporaryDirectory() as tmp:
        for number, path in enumerate(files, 1):
            name = os.path.basename(path)
            with (gzip.open if path.endswith('.gz') else open)(path, 'rb') as f:
                source = f.read()
            if path.endswith('.gz'):
                path = os.path.join(tmp, name[:-3])
                with open(path, 'wb') as f:
                    f.write(source)
            password = PASSWORDS.get(name)
            if path.endswith('.pdf') and not have_poppler:
                print('ok %d - %s # SKIP no pdftotext' % (number, name))
                continue
            rows = mapped(program, path, password)
            bad = bad_in_pdf(rows, path, password) if path.endswith('.pdf') else bad_in_bytes(rows, path, source)
            good = len(bad) <= (1 - LEAST) * len(rows)
            failed += not good
            print('%sok %d - %s: %d of %d lines' % ('' if good else 'not ', number, name, len(rows) - len(bad), len(rows)))
            for page, place, text in [] if good else bad[:5]:
                print('#   page %s, %s: %s' % (page, place, text[:120]))
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
