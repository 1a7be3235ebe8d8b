/* test_charset.c: encodings told apart and converted with the way back. */
#include <iconv.h>

#include "ingest/charset.h"
#include "tests/ingest_check.h"

struct pieces {
    struct buf text;
    size_t at, longest; /* source bytes so far; the longest range of one piece */
    size_t n;
    bool touching;
};

static void collect(void *ctx, const char *s, size_t n, size_t byte, size_t byte_len)
{
    struct pieces *p = ctx;
    if (p->n > 0 && byte != p->at) p->touching = false;
    p->at = byte + byte_len;
    if (byte_len > p->longest) p->longest = byte_len;
    p->n++;
    assert_int_equal(utf8_check(s, n), n);
    buf_add(&p->text, s, n);
}

/* Converts and checks what holds for all pieces. */
static struct pieces convert(const struct charset *cs, const char *s, size_t n, size_t *bad)
{
    struct pieces p = {.touching = true};
    assert_int_equal(charset_convert(cs, s, n, collect, &p, bad, NULL), OK);
    assert_true(p.longest <= 1025); /* one more where \r\n stays together */
    return p;
}

static void assert_detects(const char *s, size_t n, const char *expect)
{
    struct arena *a = arena_new();
    struct charset cs;
    assert_int_equal(charset_detect(&cs, a, s, n, NULL, NULL), OK);
    if (!expect) assert_true(cs.binary);
    else {
        assert_false(cs.binary);
        assert_string_equal(cs.name, expect);
    }
    arena_free(a);
}
#define DETECTS(lit, expect) assert_detects(lit, sizeof(lit) - 1, expect)

static void detection(void **state)
{
    (void)state;
    DETECTS("", "utf-8");
    DETECTS("plain", "utf-8");
    DETECTS("\xef\xbb\xbfx", "utf-8");
    DETECTS("\xff\xfex\0", "utf-16le");
    DETECTS("\xfe\xff\0x", "utf-16be");
    DETECTS("\xff\xfe\0\0x\0\0\0", "utf-32le");
    DETECTS("\0\0\xfe\xff\0\0\0x", "utf-32be");
    DETECTS("h\0e\0l\0l\0o\0\n\0", "utf-16le");
    DETECTS("\0h\0e\0l\0l\0o\0\n", "utf-16be");
    DETECTS("h\0\0\0i\0\0\0\n\0\0\0", "utf-32le");
    DETECTS("\0\0\0h\0\0\0i\0\0\0\n", "utf-32be");
    DETECTS("caf\xc3\xa9", "utf-8");
    DETECTS("caf\xc3\xa9 and a cut \xe2\x82", "utf-8");
    DETECTS("Le gar\xe7on a mang\xe9 une cr\xe8me br\xfbl\xe9" "e.", "windows-1252");
    DETECTS("x =~{ y", "utf-8");
    DETECTS("\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0>\0\1\0\0\0", NULL);
    DETECTS("\1\2\3\4\5\6", NULL);
    DETECTS("\x1b[31mred\x1b[0m", "utf-8");
}

/* Bytes with zeros among them are no text, unless all of them read as wide characters. */
static void zeros(void **state)
{
    (void)state;
    char s[8000];
    memset(s, 'x', sizeof s);
    assert_detects(s, sizeof s, "utf-8");
    s[5000] = '\0';
    assert_detects(s, sizeof s, NULL);
    s[5001] = '\xff';
    assert_detects(s, sizeof s, NULL);
    DETECTS("abc\0def\n", NULL);
    for (size_t i = 0; i < sizeof s; i++) s[i] = "abc\0def\n"[i % 8];
    assert_detects(s, sizeof s, NULL); /* CJK in pairs, if it were */
    for (size_t i = 0; i < sizeof s; i++) s[i] = i & 1 ? (char)(i / 256 % 8) : (char)i;
    assert_detects(s, sizeof s, NULL); /* small numbers of two bytes */
    for (size_t i = 0; i < sizeof s; i++) s[i] = i % 4 ? '\0' : (char)(i / 4 % 251);
    assert_detects(s, sizeof s, NULL); /* and of four */
    const char start[] = "\xa7\r\r\n\0\0\0\0";
    for (size_t i = 0; i < sizeof s; i++) s[i] = "\"a\":[\"b\"],\n"[i % 11];
    memcpy(s, start, 8);
    assert_detects(s, sizeof s, NULL);
}

/* Noise behind the mark of UTF-16 is no text. */
static void false_mark(void **state)
{
    (void)state;
    char s[1000] = "\xff\xfe";
    uint32_t r = 1;
    for (size_t i = 2; i < sizeof s; i++) s[i] = (char)((r = r * 1664525 + 1013904223) >> 24);
    assert_detects(s, sizeof s, NULL);
}

static void named(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    struct charset cs;
    struct errinfo e = {0};
    assert_int_equal(charset_detect(&cs, a, "x", 1, "Latin1", &e), OK);
    assert_string_equal(cs.name, "windows-1252");
    assert_int_equal(charset_detect(&cs, a, "x", 1, "GB2312", &e), OK);
    assert_string_equal(cs.name, "gb18030");
    assert_int_equal(charset_detect(&cs, a, "\xef\xbb\xbfx", 4, "latin1", &e), OK);
    assert_string_equal(cs.name, "utf-8");
    assert_int_equal(charset_detect(&cs, a, "x", 1, "klingon", &e), E_UNSUPPORTED);
    assert_non_null(strstr(e.msg, "klingon"));
    assert_int_equal(charset_detect(&cs, a, "x", 1, "utf-8//IGNORE", NULL), E_UNSUPPORTED);
    arena_free(a);
}

/* Files whose text in UTF-8 lies beside them. */
static void files(void **state)
{
    (void)state;
    static const struct { const char *stem, *charset; } v[] = {
        {"candide-gb18030", "gb18030"},
        {"candide-utf-16le", "utf-16le"},
        {"sunzi-bingfa-gb-levels-1-and-2-hz-gb2312", "hz-gb-2312"},
        {"unsu-joh-eun-nal-euc-kr", "cp949"},
    };
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        struct arena *a = arena_new();
        char path[256];
        struct buf source, truth;
        snprintf(path, sizeof path, "tests/data/ingest/enc/%s.txt", v[i].stem);
        read_all(path, &source);
        snprintf(path, sizeof path, "tests/data/ingest/enc/%s.utf8.txt", v[i].stem);
        read_all(path, &truth);
        struct charset cs;
        assert_int_equal(charset_detect(&cs, a, source.s, source.n, NULL, NULL), OK);
        assert_string_equal(cs.name, v[i].charset);
        size_t bad;
        struct pieces p = convert(&cs, source.s, source.n, &bad);
        assert_int_equal(bad, 0);
        assert_int_equal(p.text.n, truth.n);
        assert_memory_equal(p.text.s, truth.s, truth.n);
        assert_true(p.touching && p.at == source.n);
        buf_free(&p.text);
        buf_free(&source);
        buf_free(&truth);
        arena_free(a);
    }
}

/* There and back through the system's iconv, for encodings without files here.  detected NULL: any that
 * says the same. */
static void round_trip(const char *utf8, const char *charset, const char *detected)
{
    struct arena *a = arena_new();
    iconv_t cd = iconv_open(charset, "utf-8");
    assert_true(cd != (iconv_t)-1);
    char *in = (char *)(uintptr_t)utf8, out[4096], *to = out;
    size_t left = strlen(utf8), room = sizeof out;
    assert_true(iconv(cd, &in, &left, &to, &room) != (size_t)-1);
    assert_true(iconv(cd, NULL, NULL, &to, &room) != (size_t)-1);
    iconv_close(cd);
    size_t n = sizeof out - room, bad;
    struct charset cs;
    assert_int_equal(charset_detect(&cs, a, out, n, NULL, NULL), OK);
    if (detected) assert_string_equal(cs.name, detected);
    struct pieces p = convert(&cs, out, n, &bad);
    assert_int_equal(bad, 0);
    assert_string_equal(p.text.s, utf8);
    assert_true(p.touching);
    buf_free(&p.text);
    arena_free(a);
}

static void other_encodings(void **state)
{
    (void)state;
    const char *ja = "これは日本語の文章です。漢字かな交じり文。\n今日は天気が良いので散歩に行きました。\n";
    round_trip(ja, "shift_jis", "cp932");
    round_trip(ja, "euc-jp", "euc-jp");
    round_trip(ja, "iso-2022-jp", "iso-2022-jp");
    round_trip(ja, "utf-16be", "utf-16be");
    round_trip(ja, "utf-32le", "utf-32le");
    const char *zh = "\345\255\246\350\200\214\346\227\266\344\271\240\344\271\213\n";
    char many[1600] = "";
    for (int i = 0; i < 40; i++) strcat(many, zh);
    round_trip(many, "utf-16le", "utf-16le");
    round_trip("\320\237\321\200\320\270\320\262\320\265\321\202, \320\274\320\270\321\200! "
               "\320\255\321\202\320\276 \321\202\320\265\320\272\321\201\321\202.\n",
               "utf-16le", "utf-16le");
    const char *ru = "Привет, мир! Это тестовый текст на русском языке.\nИ ещё одна строка.\n";
    round_trip(ru, "cp1251", "windows-1251");
    round_trip(ru, "koi8-r", "koi8-r");
    round_trip(ru, "cp866", "ibm866");
    round_trip(ru, "maccyrillic", "maccyrillic");
    round_trip("어제 저녁에 우리는 오래된 도시를 걸었다.\n", "iso-2022-kr", "iso-2022-kr");
    char code[3000] = "";
    for (int i = 0; i < 12; i++)
        strcat(code, "int read_system(struct system *s); /* システムテスト */\nstatic void wait_for(int fd, int ms);\n");
    round_trip(code, "shift_jis", "cp932");
    /* Western text of other days; its quotation marks and dashes are letters elsewhere */
    const char *de = "Die Größe der Straße wäre für Fußgänger schön, aber wir müssen prüfen, ob das geht.\n";
    const char *fr = "Les élèves ont préféré le théâtre, où ça coûte moins cher, même en été.\n";
    round_trip(de, "macintosh", "macintosh");
    round_trip(de, "cp850", "cp850");
    round_trip(fr, "macintosh", "macintosh");
    round_trip(fr, "cp850", "cp850");
    round_trip(de, "cp1252", "windows-1252");
    round_trip(fr, "cp1252", "windows-1252");
    round_trip("Il n’était pas là, l’élève qu’on a cherché pendant l’été.\n", "cp1252", "windows-1252");
    round_trip("The house—which nobody had entered for years—stood on the hill. Its owner—a merchant—left.\n",
               "cp1252", "windows-1252");
    round_trip("He said…well…nothing. She waited…and waited…until night, 1914–a year like no other.\n", "cp1252",
               NULL);
}

/* Near relatives that only the letters within words tell. */
static void near_encodings(void **state)
{
    (void)state;
    const char *lt = "Šis žodis reiškia, kad šeši žmonės išėjo į mišką, rado grybų ir grįžo namo labai linksmi.\n";
    const char *lv = "Šī ir vienkārša rinda par to, kā seši cilvēki gāja mežā, lasīja ogas un laimīgi nāca mājās.\n";
    const char *uk = "Їхні діти знають, що це є проста історія про сіль, її ціну і людей, які її шукали біля ріки.\n";
    const char *hr = "Šest ljudi je išlo u šumu, našlo je gljive i vratilo se kući jer je već bio mračno, što ćeš.\n";
    const char *ko = "어제 저녁에 우리는 오래된 도시를 걸었다. 비가 내렸지만 아무도 돌아가지 않았다.\n";
    round_trip(lt, "windows-1257", "windows-1257");
    round_trip(lv, "windows-1257", "windows-1257");
    round_trip(lt, "iso-8859-13", NULL);
    round_trip(uk, "koi8-u", "koi8-u");
    round_trip(uk, "cp1251", "windows-1251");
    round_trip(hr, "iso-8859-2", "iso-8859-2");
    round_trip(hr, "cp1250", "windows-1250");
    round_trip(ko, "johab", "johab");
    round_trip(ko, "cp949", NULL);
    round_trip("Það er sagt að þeir hafi komið með síðustu skipum, þótt veður væri illt.\n", "cp1252", NULL);
}

/* Sentences that are right in both pages of Central Europe, with and without bytes below A0, and
 * with letters at whose places the other page has one too. */
static void central_europe(void **state)
{
    (void)state;
    static const char *const sentences[] = {
        "Mąka i żyto zdrożały o połowę. Rolnicy mówią, że będą pakować mąkę w większe worki, a piekarze kupują na zapas.\n",
        "Książka kosztuje dużo pieniędzy, a mąka jest tańsza. Będą też łąki i żaby.\n",
        "Ślub odbył się w sobotę, a goście przyszli pieszo. Źle się stało, że deszcz padał całą noc.\n",
        "Příliš žluťoučký kůň úpěl ďábelské ódy. Všichni lidé se rodí svobodní a sobě rovní co do důstojnosti a práv.\n",
        "Dům stojí na kopci a vede k němu cesta. Žena ještě nepřišla, protože pršelo.\n",
        "Veľký dom stojí na kopci. Ľudia hľadajú cestu k rieke, ktorá tečie údolím. Nemôžu ju nájsť.\n",
        "Žena prišla neskoro večer, pretože pršalo a cesta bola veľmi dlhá.\n",
        "Ľudia hľadajú vodu pri rieke. Učiteľ čaká na námestí, kým príde veľký vlak.\n",
        "Az őszi esőzések után a folyó vize megnőtt, és a gátakat meg kellett erősíteni. A lakók közül többen elhagyták a házukat.\n",
        "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima. Ona su obdarena razumom i sviješću.\n",
        "Naša škola ima knjižnicu, a učenici čitaju svaki dan.\n",
        "Šest otrok je šlo v gozd in našlo gobe. Že zvečer so bili doma, ker je začelo deževati.\n",
        "Hiša stoji na hribu. Človek je prišel pozno in je rešil pismo.\n",
    };
    for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
        round_trip(sentences[i], "cp1250", NULL);
        round_trip(sentences[i], "iso-8859-2", NULL);
    }
    round_trip("„Książę” wrócił – jak zwykle – późną nocą; nikt go już nie oczekiwał.\n", "cp1250", "windows-1250");
    round_trip("„Kůň“ – řekl – už nepřijde; muž čekal celý večer.\n", "cp1250", "windows-1250");
    round_trip("„Otec“ – povedal – už nepríde; muž čakal celý večer a myslel na mesto.\n", "cp1250", "windows-1250");
}

static void bad_bytes(void **state)
{
    (void)state;
    struct charset cs = {.name = "euc-jp"};
    size_t bad;
    struct pieces p = convert(&cs, "a\xff" "b\xa4", 4, &bad);
    assert_string_equal(p.text.s, "a\xef\xbf\xbd" "b\xef\xbf\xbd");
    assert_int_equal(bad, 2);
    assert_int_equal(p.at, 4);
    buf_free(&p.text);
    cs.name = "utf-16le";
    p = convert(&cs, "x\0\0\xd8y\0z", 7, &bad); /* a lone surrogate, and half a unit */
    assert_string_equal(p.text.s, "x\xef\xbf\xbdy\xef\xbf\xbd");
    assert_int_equal(bad, 2);
    buf_free(&p.text);
    cs.name = "hz-gb-2312";
    p = convert(&cs, "~~ ~{VPND~} ~{unclosed\nnext", 27, &bad);
    assert_non_null(strstr(p.text.s, "~ 中文 "));
    assert_non_null(strstr(p.text.s, "\nnext"));
    buf_free(&p.text);
}

/* Pieces end at line ends, and long lines are cut between characters. */
static void piece_sizes(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int i = 0; i < 3000; i++) buf_addz(&b, "\xa4\xa2"); /* 6000 bytes in one line */
    buf_addz(&b, "\r\nx\n");
    struct charset cs = {.name = "euc-jp"};
    size_t bad;
    struct pieces p = convert(&cs, b.s, b.n, &bad);
    assert_int_equal(bad, 0);
    assert_int_equal(utf8_count(p.text.s, p.text.n), 3004);
    assert_true(p.n >= 7 && p.touching && p.at == b.n);
    buf_free(&p.text);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(detection),       cmocka_unit_test(zeros),     cmocka_unit_test(named),
        cmocka_unit_test(files),           cmocka_unit_test(other_encodings),
        cmocka_unit_test(near_encodings),  cmocka_unit_test(central_europe),
        cmocka_unit_test(bad_bytes),       cmocka_unit_test(piece_sizes),
        cmocka_unit_test(false_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
