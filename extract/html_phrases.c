/* html_phrases.c: see html_phrases.h. */
#include "extract/html_phrases.h"

#include <string.h>

#include "extract/html_scan.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { START = 100 }; /* bytes of a text that are looked at */

/* Small letters, one blank between words.  Any word may follow. */
/* clang-format off */
static const char *const points[] = {
    "also on", "also read", "click here", "continue reading", "don't miss", "don’t miss",
    "editors' picks", "find out more", "keep reading", "latest news",
    "learn more", "more about", "more from", "more great", "more in", "more news", "more on",
    "more stories", "more:", "most popular", "most read", "must read", "next article",
    "previous article", "read also", "read more", "read next", "read:", "recent posts",
    "recommended", "related", "see also", "see more", "up next", "watch:", "what to read next",
    "you may also", "you might also", "categories", "category", "filed under", "posted in", "tags",
    "auch interessant", "das könnte dich", "das könnte sie", "das thema könnte",
    "diese artikel könnten", "empfohlen",
    "hier geht es", "lesen sie auch", "lesen sie hier", "lesen sie mehr", "lesetipp", "lies auch",
    "links zum thema", "mehr aus", "mehr dazu", "mehr infos", "mehr informationen", "mehr lesen",
    "mehr themen", "mehr von", "mehr über", "mehr zu", "mehr zum", "mehr:", "meistgelesen",
    "meistgelesene", "neueste artikel", "neueste beiträge", "nächster artikel", "nächster beitrag",
    "passend zum thema", "schon gelesen", "siehe auch", "verwandte artikel", "verwandte themen",
    "vorheriger artikel", "vorheriger beitrag", "weitere artikel", "weitere beiträge",
    "weitere infos", "weitere informationen", "weitere links", "weitere nachrichten",
    "weitere themen", "weiterlesen", "zum thema", "ähnliche artikel", "ähnliche beiträge",
    "a lire aussi", "articles liés", "articles similaires", "dans la même rubrique",
    "en savoir plus", "lire aussi", "lire la suite", "lire également",
    "sur le même sujet", "voir aussi", "à découvrir", "à lire", "à voir aussi",
    "artículos relacionados", "contenido relacionado", "le puede interesar", "le recomendamos",
    "lea", "lea más", "lea también", "lee más", "lee también", "leer más", "lo más leído",
    "mira también", "mira:", "mire:", "más información", "más noticias", "no te pierdas",
    "notas relacionadas", "noticias relacionadas", "puede ver", "puedes ver", "recomendado",
    "relacionado", "relacionados", "siga leyendo", "sigue leyendo", "también lea", "también lee",
    "te podría interesar", "te puede interesar", "te recomendamos", "ve también", "vea también",
    "ver también",
    "artigos relacionados", "confira também", "conteúdo relacionado", "leia ainda", "leia mais",
    "leia também", "matérias relacionadas", "notícias relacionadas", "saiba mais", "veja mais",
    "veja também", "você pode gostar", "você também pode",
    "articoli correlati", "guarda anche", "leggi anche", "leggi tutto",
    "potrebbe interessarti", "scopri di più", "ti potrebbe interessare", "vedi anche",
    "bekijk ook", "gerelateerd", "gerelateerde", "lees meer", "lees ook", "lees verder",
    "meer nieuws", "meer over", "zie ook",
    "czytaj także", "czytaj też", "czytaj również", "czytaj więcej", "dowiedz się więcej",
    "podobne artykuły", "polecamy", "powiązane artykuły", "przeczytaj również", "przeczytaj także",
    "zobacz także", "zobacz też", "zobacz również",
    "les mer", "les også", "læs mere", "læs også", "läs mer", "läs också", "läs även", "se også",
    "se även", "katso myös", "lue myös", "čtěte také", "přečtěte si", "související články",
    "kapcsolódó", "citește și", "vezi și", "ilgili haberler", "baca juga", "xem thêm",
    "материалы по теме", "подробнее", "похожие", "смотрите также", "читайте также",
    "читать далее", "читайте також", "διαβάστε επίσης", "δείτε επίσης",
    "関連記事", "あわせて読みたい", "相关阅读", "相关文章", "延伸閱讀", "推荐阅读", "관련기사"};
/* The same, but nothing follows. */
static const char *const empty[] = {
    "ad", "ads", "advert", "advertisement", "advertising", "sponsored", "anzeige", "werbung",
    "publicité", "publicidad", "publicidade", "anuncio", "anúncio", "pubblicità", "advertentie",
    "annons", "annonse", "annonce", "mainos", "reklama", "reklame", "reklam", "реклама", "iklan",
    "広告",
    "comment", "comments", "no comments", "leave a comment", "comments are closed", "kommentare",
    "commentaires", "comentarios", "comentários", "commenti", "reacties", "komentarze",
    "комментарии", "share this article",
    "share this post", "share this story", "artikel teilen", "diesen artikel teilen",
    "beitrag teilen", "print this page", "back to top", "nach oben", "zum seitenanfang",
    "skip to content", "click to enlarge", "bild vergrößern"};
/* The same, but a text may be such a word as well: it counts where it is a link. */
static const char *const commands[] = {
    "share", "share this", "teilen", "partager",
    "compartir", "compartilhar", "compartilhe", "condividi", "delen", "udostępnij", "поделиться",
    "follow us", "subscribe", "subscribe now", "sign up", "sign up now", "log in", "print",
    "drucken", "imprimer", "imprimir", "email this", "tweet", "pin it", "show more", "load more",
    "view gallery", "view image", "enlarge image"};
/* The same, of pages that ask their readers for something; the sentence goes on. */
static const char *const calls[] = {
    "become a member", "chat with us", "download our app", "enjoyed this", "follow me on",
    "follow us", "for the latest news", "for the latest stories", "get breaking news", "get the latest news",
    "join our", "like this story", "like us on", "like what you", "never miss", "sign up for our",
    "sign up here", "sign up now", "sign up to our", "stay up to date", "subscribe now",
    "subscribe to our", "subscribe today", "support our journalism", "thank you for reading",
    "to continue reading", "to view the full story",
    "abonnieren sie", "abonniere", "folge uns", "folgen sie uns", "folgt uns", "jetzt abonnieren",
    "jetzt anmelden", "melden sie sich für unseren", "newsletter abonnieren",
    "abonnez-vous", "abonnez vous", "inscrivez-vous", "suivez-nous", "suivez nous",
    "descarga nuestra", "hazte miembro", "hazte socio", "recibe nuestro", "regístrate",
    "suscríbase", "suscríbete", "síganos", "síguenos", "únete a",
    "assine", "inscreva-se", "participe do nosso", "siga-nos", "iscriviti", "seguici",
    "abonneer", "schrijf je in", "volg ons", "obserwuj nas", "zapisz się", "śledź nas",
    "подписывайтесь", "подпишитесь"};
/* clang-format on */

/* The small letter, of those that the lists are written in. */
static uint32_t small(uint32_t cp)
{
    if (cp >= 'A' && cp <= 'Z') return cp + 32;
    if (cp >= 0xC0 && cp <= 0xDE && cp != 0xD7) return cp + 32; /* Latin-1 */
    if (cp >= 0x100 && cp <= 0x137) return cp | 1;              /* Latin Extended-A */
    if (cp >= 0x139 && cp <= 0x148) return cp + (cp & 1);
    if (cp >= 0x14A && cp <= 0x177) return cp | 1;
    if (cp >= 0x391 && cp <= 0x3A9) return cp + 32; /* Greek */
    if (cp >= 0x410 && cp <= 0x42F) return cp + 32; /* Cyrillic */
    return cp;
}

/* The start of the text below root: words in small letters, without marks. */
static void read_start(char out[START + 4], const xmlNode *root)
{
    size_t n_out = 0, index;
    for (const xmlNode *n = root; n && n_out < START;
         n = tree_next((xmlNode *)(uintptr_t)n, root, n->_private && tree_facts(n)->drop)) {
        const struct html_facts *f = tree_facts(n);
        if (n->type == XML_ELEMENT_NODE || !n->content || !f || f->drop) continue;
        const char *s = (const char *)n->content;
        size_t len = strlen(s), k;
        for (size_t i = 0; i < len && n_out < START; i += k) {
            uint32_t cp;
            if ((k = scan_mark(s + i, len - i, &index)) != 0) continue;
            k = utf8_next(s + i, len - i, &cp);
            if (!utf8_is_space(cp))
                n_out += utf8_put(small(cp), out + n_out);
            else if (n_out && out[n_out - 1] != ' ')
                out[n_out++] = ' ';
        }
    }
    out[n_out] = '\0';
}

static bool is_word_char(char c)
{
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool begins(const char *text, const char *phrase)
{
    if (*text != *phrase) return false; /* nearly always */
    size_t n = strlen(phrase);
    return !strncmp(text, phrase, n) && !is_word_char(text[n]);
}

/* Whether the first n bytes of a text are one of the phrases. */
static bool is_one_of(const char *text, size_t n, const char *const *phrases, size_t n_phrases)
{
    for (size_t i = 0; i < n_phrases; i++)
        if (n && *text == *phrases[i] && !strncmp(text, phrases[i], n) && !phrases[i][n])
            return true;
    return false;
}

enum phrase phrase_of(const xmlNode *n)
{
    char text[START + 4];
    read_start(text, n);
    const char *s = text + strspn(text, " [(>-*");
    if (!strncmp(s, "¡", 2) || !strncmp(s, "¿", 2)) s += 2;
    size_t said = strlen(s);
    while (said && strchr(" :.!", s[said - 1])) said--;
    if (is_one_of(s, said, empty, COUNT(empty))) return PHRASE_EMPTY;
    if (is_one_of(s, said, commands, COUNT(commands))) return PHRASE_CALLS;
    for (size_t i = 0; i < COUNT(points); i++)
        if (begins(s, points[i])) return PHRASE_POINTS;
    for (size_t i = 0; i < COUNT(calls); i++)
        if (begins(s, calls[i])) return PHRASE_CALLS;
    return PHRASE_NONE;
}

bool phrase_has_address(const xmlNode *n)
{
    char text[START + 4];
    read_start(text, n);
    return strstr(text, "://") || strstr(text, "www.");
}
