# Documents with pages, and those that cannot be read.
deepread text --map $DATA/ingest/pdf/rotated-page.pdf | cut -f 1-3 | grep '[0-9]'
? 1	1	*,*,*,*
? 2	1	*,*,*,*
---
deepread text --pages 2 $DATA/ingest/pdf/rotated-page.pdf | grep .
This is my second page. It will have a landscape layout. Second line here.
---
deepread text <$DATA/ingest/pdf/rotated-page.pdf | grep . | tail -n 1
This is my second page. It will have a landscape layout. Second line here.
---
deepread text $DATA/ingest/pdf/damaged-helloworld-bad.pdf | grep .
Hello, world!
---
deepread text $DATA/ingest/pdf/imagemagick-images.pdf
! *imagemagick-images.pdf: 6 of 6 pages are images*
= 4
---
deepread text --ocr off $DATA/ingest/pdf/imagemagick-images.pdf
! *imagemagick-images.pdf: 6 of 6 pages are images; use an OCR tool first
= 4
---
deepread text --ocr-lang xyz $DATA/ingest/pdf/imagemagick-images.pdf
! --ocr-lang: *tesseract*
= 2
---
# Which languages there are is said.
(cd /usr/share/tesseract-ocr/5/tessdata 2>/dev/null && [ -e eng.traineddata ]) || { echo skip; exit 2; }; deepread text --ocr-lang eng+xyz page.html 2>&1 | grep -q ' (.*eng.*), found "eng+xyz"$' && echo skip; exit 2
skip
= 2
---
# Several languages have to be few, and in one folder.
mkdir td; for l in xaa xbb xcc xdd; do : >td/$l.traineddata; done; for l in xaa+xcc+xdd xaa+xbb+xcc+xdd xaa+; do TESSDATA_PREFIX=$PWD/td deepread text --ocr-lang $l lease.txt | wc -l; done
? [1-9]*
0
0
! --ocr-lang: expected at most 3 languages that tesseract has here in one folder, joined by + (*xaa, xbb, xcc, xdd*), found "xaa+xbb+xcc+xdd"
---
[ -e /usr/share/tesseract-ocr/5/tessdata/eng.traineddata ] || { echo "deepread: in td: xaa; in : eng" >&2; exit 2; }; mkdir td; : >td/xaa.traineddata; TESSDATA_PREFIX=td deepread text --ocr-lang eng+xaa lease.txt
! *in td: xaa; in *: *eng*
= 2
---
# A folder that is named twice is listed once.
d=/usr/share/tesseract-ocr/5/tessdata; [ -e $d/eng.traineddata ] || { echo 0; exit 2; }; TESSDATA_PREFIX=$d deepread text --ocr-lang xyz lease.txt 2>err; r=$?; grep -c 'in /' err; exit $r
0
= 2
---
TESSDATA_PREFIX=$PWD deepread text --ocr off --ocr-lang eng lease.txt
! --ocr-lang has no effect with --ocr off
= 2
---
deepread text --ocr sometimes $DATA/ingest/pdf/imagemagick-images.pdf
! *--ocr*sometimes*
= 2
---
deepread text $DATA/ingest/pdf/writer-password.pdf
! *writer-password.pdf: needs a password; --password-file names a file with it
= 4
---
echo openpassword >pw; deepread text --password-file pw $DATA/ingest/pdf/writer-password.pdf | grep . | cut -c 1-11
Lorem ipsum
---
echo wrong >pw; deepread text --password-file pw $DATA/ingest/pdf/writer-password.pdf
! *writer-password.pdf: *password*
= 4
---
deepread text $DATA/ingest/pdf/h-redhat-1531897.pdf
! *h-redhat-1531897.pdf: damaged beyond repair
= 4
---
deepread text $DATA/ingest/pdf/h-random.pdf
! *h-random.pdf: looks like binary data*
= 4
---
deepread text $DATA/ingest/pdf/rotated-page.pdf missing.pdf >out; echo $?; grep -c page out
3
3
! missing.pdf: *
---
deepread ask -f grep 'Which page has a landscape layout?' $DATA/ingest/pdf/rotated-page.pdf | cut -d : -f 1 | sed 's/.*rotated/rotated/' | uniq
rotated-page.pdf#page=2
---
deepread ask --doc-timeout 0 'x' lease.txt
! --doc-timeout: expected a number from 1 to 86400, found "0"
= 2
---
# A parser that never answers can be interrupted.
cp "$(command -v deepread)" . && printf '#!/bin/sh\ntrap "" INT\nkill -INT $PPID\nexec sleep 20\n' >deepread-extract && chmod +x deepread-extract && ./deepread text --cache off page.html
! interrupted
= 130
---
# In a folder it is passed over and counted, without two numbers in a row.
mkdir scans; cp "$DATA/ingest/pdf/imagemagick-images.pdf" lease.txt scans; deepread text --ocr off scans | head -n 1
# scans/lease.txt
! skipped 1 file (1: 6 of 6 pages are images; use an OCR tool first)
