/* Mail: what is read of it, and that each place is exact. */
#include "tests/reader_check.h"

static struct result mail(reader *read, const char *source, const struct ingest_options *o)
{
    struct buf f = {0};
    buf_addz(&f, source);
    return run(read, read == read_eml ? "eml" : "mbox", &f, o);
}

/* The bytes at the place of a word are `bytes`; returns the line. */
static uint32_t expect_bytes(const struct result *r, const char *source, const char *word,
                             const char *bytes)
{
    struct place p = place_of(r, word);
    assert_int_equal(p.byte1 - p.byte0, strlen(bytes));
    assert_memory_equal(source + p.byte0, bytes, strlen(bytes));
    return p.line0;
}

static const char quoted[] =
    "Received: from x\n\tby y\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_?=\n =?iso-8859-1?B?/CE=?= plain\n"
    "From: \"A, B\" <a@b.c>\nContent-Type: text/plain; charset=\"iso-8859-1\"\n"
    "Content-Transfer-Encoding: Quoted-Printable\n\n"
    "caf=E9 and a long line that goes =\non; 1 =3D 1, =ZZ\n\nend\n";

static void encoded_words_and_quoted_printable(void **state)
{
    (void)state;
    struct result r = mail(read_eml, quoted, NULL);
    expect_text(&r, "Subject: Gr\xc3\xbc\xc3\x9f" "e \xc3\xbc! plain\nFrom: \"A, B\" <a@b.c>\n\n"
                    "caf\xc3\xa9 and a long line that goes on; 1 = 1, =ZZ\n\nend\n");
    assert_int_equal(expect_bytes(&r, quoted, "end", "end"), 12);
    assert_int_equal(expect_bytes(&r, quoted, "a@b.c", "a@b.c"), 5);
    assert_string_equal(r.d->title, "Gr\xc3\xbc\xc3\x9f" "e \xc3\xbc! plain");
    assert_null(r.d->units.page);
    assert_int_equal(place_of(&r, "on; 1").line0, 9);
    done(&r);
}

static void exact_bytes_in_what_is_ascii(void **state)
{
    (void)state;
    static const char source[] = "From: x\nContent-Transfer-Encoding: quoted-printable\n"
        "Content-Type: text/plain; charset=utf-8\n\none =E2=82=AC two three=\nfour\n";
    struct result r = mail(read_eml, source, NULL);
    expect_text(&r, "From: x\n\none \xe2\x82\xac two threefour\n");
    assert_int_equal(expect_bytes(&r, source, "two", "two"), 5);
    assert_int_equal(expect_bytes(&r, source, "\xe2\x82\xac", "=E2=82=AC"), 5);
    assert_int_equal(expect_bytes(&r, source, "four", "four"), 6);
    assert_int_equal(expect_bytes(&r, source, "threefour", "three=\nfour"), 5);
    done(&r);
}

static void a_mark_before_the_header(void **state)
{
    (void)state;
    struct result r = mail(read_eml, "\xef\xbb\xbfSubject: s\n\ntext\n", NULL);
    expect_text(&r, "Subject: s\n\ntext\n");
    done(&r);
}

/* \r\n ends one line, however the body is encoded and whatever its charset. */
static void line_ends_of_mail(void **state)
{
    (void)state;
    static const struct {
        const char *charset, *encoding, *body;
    } bodies[] = {
        {"utf-8", "7bit", "one\r\ntwo\r\n\r\nend\r\n"},
        {"iso-8859-1", "8bit", "one\r\ntwo\r\n\r\nend\r\n"},
        {"windows-1252", "quoted-printable", "on=65\r\ntwo\r\n\r\n=65nd\r\n"},
        {"utf-8", "quoted-printable", "one=0D=0Atwo=0D=0A=0D=0Aend=0D=\r\n=0A"},
        {"iso-8859-1", "quoted-printable", "on=65=0D=0Atwo=0D=0A=0D=0Aend=0D=0A"},
        {"utf-8", "base64", "b25lDQp0\r\nd28NCg0K\r\nZW5kDQo=\r\n"},
        {"utf-8", "base64", "b25lDQ==\r\nCnR3bw0K\r\nDQplbmQN\r\nCg==\r\n"},
        {"iso-8859-1", "base64", "b25lDQp0\r\nd28NCg0K\r\nZW5kDQo=\r\n"},
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char source[400];
        snprintf(source, sizeof source,
                 "From: x\r\nContent-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s",
                 bodies[i].charset, bodies[i].encoding, bodies[i].body);
        struct result r = mail(read_eml, source, NULL);
        expect_text(&r, "From: x\n\none\ntwo\n\nend\n");
        done(&r);
    }
}

/* Lines that end with a blank go on below (RFC 3676). */
static void flowed_text(void **state)
{
    (void)state;
    static const char source[] = "From: x\nContent-Type: text/plain; charset=utf-8; format=Flowed\n\n"
        "The first line \r\ngoes on and \r\nends here.\r\n  indented\r\n From: is no header \r\n\r\n"
        "> quoted text \n> that goes on\n>> deeper \n> and back \nmine\n \n-- \nname \n-- \nother";
    struct result r = mail(read_eml, source, NULL);
    expect_text(&r, "From: x\n\nThe first line goes on and ends here.\n indented\nFrom: is no header \n\n"
                    "> quoted text that goes on\n>> deeper \n> and back \nmine\n\n-- \nname \n-- \nother");
    assert_int_equal(expect_bytes(&r, source, "ends", "ends"), 6);
    assert_int_equal(expect_bytes(&r, source, "that goes", "that goes"), 11);
    done(&r);
    static const char cjk[] = "From: x\nContent-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n"
        "Content-Transfer-Encoding: quoted-printable\n\n=E4=B8=80=20\n=E4=B8=81\n";
    r = mail(read_eml, cjk, NULL);
    expect_text(&r, "From: x\n\n\xe4\xb8\x80\xe4\xb8\x81\n");
    assert_int_equal(expect_bytes(&r, cjk, "\xe4\xb8\x81", "=E4=B8=81"), 6);
    done(&r);
    static const char fixed[] = "From: x\nContent-Type: text/plain; format=fixed\n\none \ntwo\n";
    r = mail(read_eml, fixed, NULL);
    expect_text(&r, "From: x\n\none \ntwo\n");
    done(&r);
}

static const char many[] =
    "MIME-Version: 1.0\r\nSubject: Parts\r\nContent-Type: multipart/mixed;\r\n boundary=\"=_a b\"\r\n\r\n"
    "preamble\r\n--=_a b\r\nContent-Type: multipart/alternative; boundary=b1\r\n\r\n"
    "--b1\r\nContent-Type: text/html\r\n\r\n<p>the page</p>\r\n--b1\r\n\r\nthe plain text\r\n--b1--\r\n"
    "--=_a b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "PHA+b25lPC9w\r\nPjxwPnR3byAmYW1wOyDDvDwvcD4=\r\n"
    "--=_a b\r\nContent-Type: application/pdf; name=\"x.pdf\"\r\n\r\n%PDF\r\n"
    "--=_a b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment;\r\n"
    " filename*0*=utf-8''t%C3%A4b; filename*1=\"le.csv\"\r\n\r\n1,2\r\n"
    "--=_a b\r\nContent-Type: message/rfc822\r\n\r\nSubject: Inner\r\n\r\ninner text\r\n"
    "--=_a b--\r\nepilogue\r\n";

static void parts_alternatives_and_attachments(void **state)
{
    (void)state;
    struct result r = mail(read_eml, many, NULL);
    expect_text(&r, "Subject: Parts\n\nthe plain text\n\none\n\ntwo & \xc3\xbc\n\n"
                    "[attachment: x.pdf, application/pdf, 4 bytes]\n\n"
                    "[attachment: t\xc3\xa4" "ble.csv, text/csv, 3 bytes]\n\n1,2\n\n"
                    "Subject: Inner\n\ninner text");
    assert_int_equal(r.d->n_headings, 2);
    assert_int_equal(expect_bytes(&r, many, "plain text", "plain text"), 16);
    assert_int_equal(place_of(&r, "two &").line0, 22);
    assert_int_equal(expect_bytes(&r, many, "inner text", "inner text"), 39);
    done(&r);
}

static void hidden_text_of_a_page_is_shown_when_asked_for(void **state)
{
    (void)state;
    static const char source[] = "Content-Type: text/html\n\n<p>seen</p><p style='display:none'>not</p>\n";
    struct ingest_options all = {.show_hidden = true};
    struct result r = mail(read_eml, source, NULL);
    expect_text(&r, "seen");
    done(&r);
    r = mail(read_eml, source, &all);
    expect_text(&r, "seen\n\nnot");
    done(&r);
}

static void a_box_of_messages(void **state)
{
    (void)state;
    static const char box[] =
        "From a@b Tue Mar  5 14:30:00 2024\nSubject: One\nFrom: a\n\nFrom here\non\n\nFrom nowhere to\nno field\n"
        "\nFrom b@c Tue Mar  5 14:30:00 2024\nSubject: Two\n\ntext\n";
    struct result r = mail(read_mbox, box, NULL);
    expect_text(&r, "Subject: One\nFrom: a\n\nFrom here\non\n\nFrom nowhere to\nno field\n\nSubject: Two\n\ntext\n");
    assert_int_equal(r.d->n_pages, 2);
    struct place p = place_of(&r, "text");
    assert_int_equal(p.page, 2);
    assert_int_equal(p.line0, 14);
    assert_string_equal(p.page_label, "Two");
    assert_string_equal(p.units.page, "message");
    done(&r);
    struct ingest_options second = {.pages = "2"};
    r = mail(read_mbox, box, &second);
    expect_text(&r, "Subject: Two\n\ntext\n");
    done(&r);
}

static void endless_nesting_ends(void **state)
{
    (void)state;
    struct buf f = {0};
    buf_addz(&f, "Subject: deep\n");
    for (int i = 0; i < 5000; i++)
        buf_addf(&f, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    buf_addz(&f, "\nfound\n");
    struct result r = run(read_eml, "eml", &f, NULL);
    expect_text(&r, "Subject: deep");
    assert_string_equal(r.d->note, "parts that are nested too deep are left out");
    done(&r);
    for (int i = 0; i < 5000; i++) buf_addz(&f, "Content-Type: message/rfc822\n\n");
    buf_addz(&f, "Subject: inside\n\nx\n");
    r = run(read_eml, "eml", &f, NULL);
    assert_true(r.r == OK || r.r == E_EMPTY);
    done(&r);
}

static void odd_mail(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "Subject: a\nContent-Type: multipart/mixed\n\nno boundary\n",
        "Subject: a\nContent-Type: multipart/mixed; boundary=\"x\n\n--x\n\nopen\n",
        "Subject: a\nContent-Type: text/plain; charset=no-such; boundary\n\ntext\n",
        "Subject: =?utf-8?Q?\n\nx", "Subject: =?x?B?=?=\n\nx", "Subject: =?utf-8?Q?=F?= =?=?\n\nx",
        "Subject: a\nContent-Transfer-Encoding: base64\n\n!!!!\n=\nQQ==QQ\n",
        "Subject: a\nContent-Transfer-Encoding: quoted-printable\n\n=", "Subject:", ":\n\n", "\n", "From ",
        "Subject: a\nContent-Type: ;;;=;\"\\\n\nx",
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct result r = mail(read_mbox, odd[i], NULL);
        assert_true(r.r == OK || r.r == E_EMPTY);
        done(&r);
    }
}

static void mail_is_told_by_content(void **state)
{
    (void)state;
    static const struct { const char *name, *s, *format; } cases[] = {
        {"a", "Return-Path: <x>\nFrom: a\nTo: b\nSubject: c\n\ntext\n", "eml"},
        {"a", "From x@y Tue Mar  5 14:30:00 2024\nReceived: x\nFrom: a\nDate: b\n\ntext\n", "mbox"},
        {"a.txt", "Return-Path: <x>\nFrom: a\nTo: b\n\ntext\n", "text"},
        {"a.eml", "Subject: a\n\ntext\n", "eml"},
        {"a.eml", "Content-Type: text/plain\n\ntext\n", "eml"},
        {"a", "Subject: only\n\ntext\n", "text"},
        {"0001-x.patch", "From 0123 Mon Sep 17 00:00:00 2001\nFrom: a\nDate: b\nMIME-Version: 1\n\n---\n", "code"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *dir = make_folder(), path[512];
        write_text(dir, cases[i].name, cases[i].s);
        snprintf(path, sizeof path, "%s/%s", dir, cases[i].name);
        struct got g = get(path, (struct ingest_options){0});
        assert_int_equal(g.r, OK);
        assert_string_equal(g.d->format, cases[i].format);
        drop(&g);
        drop_folder(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoded_words_and_quoted_printable),
        cmocka_unit_test(exact_bytes_in_what_is_ascii),
        cmocka_unit_test(a_mark_before_the_header),
        cmocka_unit_test(line_ends_of_mail),
        cmocka_unit_test(flowed_text),
        cmocka_unit_test(parts_alternatives_and_attachments),
        cmocka_unit_test(hidden_text_of_a_page_is_shown_when_asked_for),
        cmocka_unit_test(a_box_of_messages),
        cmocka_unit_test(endless_nesting_ends),
        cmocka_unit_test(odd_mail),
        cmocka_unit_test(mail_is_told_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
