#include "ingest/lang_rules.h"

/* Pieces that several rows need. */
#define M68K                                                                                       \
    "(?i)^\\h*+(?:\\w+:?\\s+)?(?:moveq(?:\\.l)?\\s+#|move\\.[bwl]\\s.*\\b[ad][0-7]\\b|movem\\.["   \
    "bwl]\\b|"                                                                                     \
    "dbra\\b|btst\\b)"
#define CPP                                                                                        \
    "^\\h*+(?:template\\s*<|class\\s+\\w+|(?:using\\s+)?namespace\\s+\\w+|constexpr\\b|"           \
    "(?:private|public|protected):|#\\s*include\\s*<(?:string|vector|map|list|array|memory|"       \
    "set|queue|stack|bitset|functional|utility|algorithm|[io]?stream|iostream|unordered_\\w+)>)|"  \
    "\\bstd::\\w|__cplusplus >"
#define OBJC                                                                                       \
    "^\\h*+(?:@(?:interface|class|protocol|property|implementation|end|selector)\\b|"              \
    "#import\\s+[\"<].+\\.h[\">])"
#define PERL                                                                                       \
    "^\\h*+use\\s+(?:strict|warnings|constant|overload|lib|v?5)\\b|^\\h*+package\\s+[\\w:]+\\s*[;" \
    "{]"                                                                                           \
    "|"                                                                                            \
    "^#!.*perl|^\\h*+my\\s*[$@%(]|\\$\\w+->|^\\h*+sub\\s+\\w+\\s*\\{"
#define RAKU                                                                                       \
    "^\\h*+(?:use\\s+v6\\b|use\\s+Test;|(?:unit\\s+)?module\\s+\\w|(?:my\\s+)?class\\s+\\w|"       \
    "grammar\\s+\\w)|^#!.*(?:perl6|raku)"
#define EUPHORIA                                                                                   \
    "^\\h*+(?:namespace\\s|(?:public\\s+)?include\\s+\\S+\\.e\\b|(?:(?:public|export|global)\\s+)" \
    "?"                                                                                            \
    "(?:atom|constant|integer|object|procedure|sequence|type|function)\\s+\\w)"
#define BASIC_FREE                                                                                 \
    "(?i)^[ \\t]*#(?:define|endif|ifn?def|include|lang|macro|pragma)\\b|^[ \\t]*dim (?:shared "    \
    ")?\\w+ as \\w+ ptr"
#define BASIC_QUICK                                                                                \
    "^ *(?:CONST|DIM|REDIM|DEFINT|PRINT|DECLARE "                                                  \
    "(?:SUB|FUNCTION)|FUNCTION|SUB|SCREEN|CLS|LOCATE)\\b"
#define SCRIPT_GAME                                                                                \
    "^\\h*+#\\s*(?:using|insert|include|define|namespace|precache|using_animtree)\\b|"             \
    "\\b(?:level|self)\\s+thread\\s|^\\h*+\\w+\\(.*\\)\\s*$"
#define YAML_START "\\A(?:[^\\S\\n]*+(?:#.*+)?\\n)*+(?:---|[\\w.-]+:(?:\\s|$)|- )"
#define MAN_PAGE   "^[.'][ \\t]*(?:TH|Dt)[ \\t]+\\S(?:[\\s\\S]*?)^[.'][ \\t]*(?:SH|Sh)[ \\t]"
#define XML_START  "\\A\\s*<(?:\\?xml|!DOCTYPE|\\w+[\\s>])"
#define GERBER     "^[DGMT][0-9]{2}\\*"
#define ROS_FIELD  "\\A(?![\\s\\S]*[;{])[\\s\\S]*^[A-Za-z]\\w*(?:/\\w+)?(?:\\[\\d*\\])?\\s+\\w+"

const struct lang_rule lang_rules[] = {
    {".1 .2 .3 .4 .5 .6 .7 .8 .9 .1in .1m .1x .3in .3m .3p .3pm .3qt .3x .man .mdoc",
     "roff manpage", MAN_PAGE},
    {".1 .2 .3 .4 .5 .6 .7 .8 .9", "roff", "^[.'](?:[A-Za-z]{2}(?:\\s|$)|\\\\\")"},
    {".1 .2 .3 .4 .5 .6 .7 .8 .9", "text", ""},
    {".action .srv", "ros interface", "^---\\s*$"},
    {".al", "al",
     "(?i)^\\W{0,3}(?:codeunit|page|pageextension|enum|enumextension|query|report|table|"
     "tableextension|xmlport|interface|permissionset|profile)\\s+(?:\\d|\"|\\w)"},
    {".al", "perl", ""},
    {".app", "erlang", "^\\{\\s*'?application'?\\s*,"},
    {".as", "actionscript",
     "^\\h*+(?:package\\b|import\\s+[\\w.*]+;|(?:public|private|protected|static)"
     "\\s+(?:var|function|class|const)\\b|.*\\bfunction\\s+\\w+\\s*\\([^)]*\\)\\s*:\\s*\\w)"},
    {".as", "angelscript",
     "^\\h*+(?:#include\\b|\\[?[Ss]etting|(?:shared\\s+)?class\\s+\\w|\\w+\\s*@|void\\s+\\w+\\()"},
    {".asc", "public key", "^(?:----[- ]BEGIN|ssh-(?:rsa|dss)) "},
    {".asc", "asciidoc", "^[=-]+\\s|^[=]{2,}|\\{\\{[A-Za-z]"},
    {".asc .ash", "ags script",
     "^(?:(?:import|export)\\s+)?(?:function|int|float|char|struct|enum)\\s+\\w+.*[;({]|"
     "^#(?:define|ifdef|ifndef)"},
    {".asm .s .inc .i", "motorola 68k assembly", M68K},
    {".asm", "assembly", ""},
    {".s", "unix assembly",
     "(?i)mov[lq]?\\s+[%$]|^\\h*+\\.(?:globl|text|section|global|file|align)\\b"},
    {".s", "assembly", "(?i)\\bmov\\s+[^\\s%]{2,},|^\\h*+;"},
    {".asy", "ltspice symbol", "^SymbolType[ \\t]"},
    {".b", "b", "^\\h*+(?:extrn|auto)\\s"},
    {".b .bf", "brainfuck", "^(?=.*[-+<>.,\\[\\]]{8})(?!.*;\\s*$)"},
    {".b .m", "limbo", "^\\w+\\s*:\\s*module\\s*\\{|^implement\\s+\\w+;"},
    {".bas", "b4x", "\\A\\W{0,3}(?:.*\\n){0,9}.*B4(?:J|A|R|i)=true"},
    {".bas .bi", "freebasic", BASIC_FREE},
    {".bas", "basic", "\\A\\s*\\d"},
    {".bas", "vba",
     "^Attribute "
     "VB_Name[\\s\\S]*(?:Excel|Worksheet|ActiveWorkbook|Range\\(|PtrSafe|VBA|Application\\.)|"
     "\\b(?:Worksheets?|ActiveDocument|ThisWorkbook)\\b"},
    {".bas", "visual basic 6.0", "^Attribute VB_Name"},
    {".bas .bi", "quickbasic", BASIC_QUICK},
    {".bat", "batchfile", ""},
    {".bb", "blitzbasic",
     "(?i)^\\h*+; |\\bEnd Function\\b|^\\h*+(?:Graphics|Function|Global|Local)\\s"},
    {".bb", "bitbake", "^(?:# |include|require|inherit|[A-Z_]+\\s*[?:+]*=)"},
    {".bb", "clojure", "\\((?:def|defn|defmacro|let|ns)\\s"},
    {".bf", "beef", "^\\h*+(?:using\\s+[\\w.]+;|namespace\\s+\\w)"},
    {".bf", "hyphy",
     "^\\h*+#include\\s+\".*\";|\\bfprintf\\s*\\(|^\\h*+(?:LoadFunctionLibrary|LikelihoodFunction|"
     "function)\\b"},
    {".bf", "befunge", "^(?=.*[<>^v].*[<>^v]).*[@#_|\\\\:].*[<>^v]"},
    {".bs", "bikeshed", "^<pre\\s+class\\s*=\\s*['\"]?metadata"},
    {".bs", "brighterscript",
     "(?i)^\\h*+(?:end\\s+(?:sub|function)|endsub|(?:sub|function)\\s+\\w+\\(.*\\))"},
    {".bs", "bluespec bh", "^package\\s+\\w"},
    {".bst", "bibtex style", "ENTRY\\s*\\{"},
    {".bst", "buildstream", ""},
    {".builds .props .targets", "xml", XML_START},
    {".cairo", "cairo zero",
     "^\\h*+%(?:lang|builtins)\\b|^\\h*+from\\s+starkware\\.|\\bap\\+\\+;?\\s*$"},
    {".cake", "coffeescript", "^\\h*+(?:task\\s+['\"]|\\{?\\w+\\}?\\s*=\\s*require\\b)"},
    {".ch", "xbase",
     "(?i)^\\h*+#\\s*(?:if|ifdef|ifndef|define|command|xcommand|translate|include)\\b"},
    {".ch", "charity", ""},
    {".cl .lsp .lisp", "common lisp",
     "(?i)^\\h*+\\((?:defun|in-package|defpackage|defmacro|defvar|defparameter)\\b"},
    {".lsp .lisp", "newlisp", "^\\h*+\\((?:define|context|load)\\s"},
    {".cl", "cool", "^\\h*+class\\s+\\w+\\s*(?:inherits|\\{)"},
    {".cl", "opencl", ""},
    {".cls", "visual basic 6.0", "^VERSION [0-9.]+ CLASS[\\s\\S]*?Persistable\\s*="},
    {".cls", "vba", "^VERSION [0-9.]+ CLASS|^Attribute VB_|^Option Explicit"},
    {".cls", "tex", "^\\h*+\\\\[A-Za-z@]{3}|^%{1,3}(?:\\h|$)"},
    {".cls", "objectscript", "^(?:Class|Include)\\s+%?\\w+(?:\\.\\w+)*\\s*(?:Extends|\\[|\\{|$)"},
    {".cls", "openedge abl",
     "(?i)^\\h*+(?:class|interface|using)\\s+[\\w.]+(?:\\s+inherits[^:]*)?(?::|\\s*\\.$)|\\bno-"
     "undo\\b|"
     "^\\h*+end\\s+class\\."},
    {".cls", "apex", ""},
    {".cmp .sol .gml .ncl .gts", "gerber image", GERBER},
    {".config", "nextflow",
     "^\\h*+(?:params|process|profiles|manifest|docker)\\s*[.{]|^\\h*+includeConfig"},
    {".config", "xml", "<\\?xml|<configuration"},
    {".conf", "nginx", "^\\h*+(?:server|http|events|upstream\\s+\\S+|location\\s+\\S+.*)\\s*\\{"},
    {".conf", "apacheconf",
     "^\\h*+(?:<(?:VirtualHost|Directory|IfModule|Location)|LoadModule\\s|ServerName\\s|"
     "RewriteRule\\s)"},
    {".cfg", "haproxy", "^\\h*+(?:frontend|backend|listen)\\s+\\S"},
    {".cp", "component pascal", "^\\h*+MODULE\\b"},
    {".cp", "c++", ""},
    {".cue", "cue sheet", "^\\h*+(?:REM|PERFORMER|TITLE|FILE|TRACK|INDEX)\\s"},
    {".cs", "smalltalk", "![\\w\\s]+methodsFor: "},
    {".csc .gsc .gsh", "gsc", SCRIPT_GAME},
    {".csl", "xml", XML_START},
    {".csl", "kusto", "^\\||^\\.\\w+|\\|\\s*(?:where|extend|project|summarize)"},
    {".d", "dtrace",
     "^#!.*dtrace|^(?:\\w*:\\w*:\\w*:\\w*|BEGIN|END)\\s*$|^#pragma\\s+D\\s|^provider\\s"},
    {".d", "makefile", "^[\\w./\\\\ -]+\\.\\w+\\s*:\\s+\\S.*(?:\\\\|\\.\\w+)\\s*$|: \\\\\\s*$"},
    {".d", "d", ""},
    {".dsc", "denizenscript", "^\\h*+type:\\s*\\w+\\s*$"},
    {".dsp", "microsoft developer studio project", "# Microsoft Developer Studio"},
    {".e", "e",
     "^\\h*+(?:def|var)\\s+.+:=|^\\h*+(?:def|to)\\s+\\w+(?:\\(.*\\))?\\s*(?::\\w+\\s*)?\\{|^\\h*+"
     "when\\s+\\("},
    {".e .ex .exw", "euphoria", EUPHORIA},
    {".e", "eiffel", ""},
    {".ecl", "eclipse", "^[^#\\n]+:-"},
    {".ecl", "ecl", ""},
    {".erb", "netlinx+erb", "^\\h*+(?:PROGRAM_NAME|DEFINE_\\w+|MODULE_NAME)"},
    {".es", "erlang", "^\\h*+(?:%%|main\\s*\\(.*\\)\\s*->)"},
    {".eslintrc .releaserc", "yaml", YAML_START},
    {".f .for .fr", "forth", "^: |^also\\s|^new-device"},
    {".f", "filebench wml", "\\bflowop\\b"},
    {".fpp", "fpp",
     "^\\h*+(?:active|passive|queued)\\s+component\\s|^\\h*+(?:module|topology|struct|enum|port|"
     "interface|"
     "constant|instance|type|array|state)\\s+\\w+\\s*(?:[{:=]|$)"},
    {".fr", "frege", "^\\h*+(?:import|module|package|data|type)\\s"},
    {".frm", "vba", "^\\h*+Begin\\s+\\{[0-9A-F-]+\\}"},
    {".frm", "visual basic 6.0", "^\\h*+Begin\\s+VB\\.Form"},
    {".frm", "ini", "\\ATYPE=VIEW"},
    {".fs", "forth", "^(?:: |new-device|\\\\ )"},
    {".fs", "f#", "^\\h*+(?:#light|import|let|module|namespace|open|type)\\b"},
    {".fs .gs", "glsl", "^\\h*+(?:#version|precision|uniform|varying|vec[234])\\b"},
    {".fs .rs", "filterscript", "#pragma\\s+rs_fp_relaxed|^#include \"\\w+\\.rsh\""},
    {".ftl", "fluent", "^-?[A-Za-z][\\w-]* *=(?!=)|\\{ *\\$[A-Za-z]"},
    {".frag", "javascript", "^\\h*+(?:\\(?function\\b|var\\s|\\}\\)?\\(|\\w+\\.prototype)"},
    {".fx", "hlsl",
     "^\\h*+(?:float[234](?:x[234])?|technique\\w*|cbuffer|Texture2D|struct|texture|sampler\\w*)"
     "\\s"},
    {".g", "gap", "\\b(?:Declare|BindGlobal|InstallMethod|InstallGlobalFunction|SetPackageInfo)"},
    {".g", "g-code", "^[MG][0-9]+\\s"},
    {".gd", "gap", "\\b(?:Declare\\w+|BindGlobal|KeyDependentOperation)\\s*\\("},
    {".gml", "xml", XML_START},
    {".gml", "graph modeling language", "(?i)^\\h*+(?:graph|node)\\s*\\[?$"},
    {".gml", "game maker language", ""},
    {".gs", "gosu", "^uses\\s+(?:java|gw)\\."},
    {".gs", "genie", "^\\[indent=[0-9]+\\]|^init\\s*$|^uses\\s*$|^\\h*+def\\s+\\w+"},
    {".gts", "glimmer ts", ""},
    {".h", "objective-c", OBJC},
    {".h", "c++", CPP},
    {".hh .php", "hack", "<\\?hh"},
    {".html .htm", "ecmarkup", "<emu-\\w+"},
    {".html", "antlers",
     "\\{\\{\\s*/?(?:collection|if|unless|nav|partial|section|content|title)\\b[^}]*\\}\\}"},
    {".i", "swig", "^[ \\t]*%[a-z_]+\\b|^%[{}]\\s*$"},
    {".ice", "json", "\\A\\s*[{\\[]\\s*[\"\\]}]"},
    {".ice", "slice", ""},
    {".inc", "php", "^<\\?(?:php)?"},
    {".inc", "nasl",
     "^\\h*+(?:global|local)_var\\s|^\\h*+include\\s*\\(\\s*[\"'].*\\.(?:nasl|inc)|^\\h*+"
     "function\\s+"
     "\\w+\\s*\\([\\w\\s,]*\\)\\s*\\{?$"},
    {".inc", "sourcepawn",
     "^public\\s+SharedPlugin|^methodmap\\s|MarkNativeAsOptional|^native\\s+\\w+:?\\s*\\w+\\(.*"
     "Handle"},
    {".inc", "pawn", "^(?:native|stock|forward)\\s+|^#pragma (?:library|reqlib|tabsize)"},
    {".inc", "pov-ray sdl", "^\\h*+#(?:declare|local|macro|while|default)\\b"},
    {".inc", "pascal", "(?i)^\\h*+\\{\\$\\w+|^\\h*+end[.;]\\s*$"},
    {".inc", "bitbake", "^inherit\\s|^[A-Z_]+(?:_\\w+)?\\s*[?:+]*=\\s*\""},
    {".inc", "html", "^\\h*+</?(?:div|p|html|table|ul|a|td|script)\\b"},
    {".inc", "c++", "^\\h*+#\\s*(?:include|define|if)|^class "},
    {".inc", "assembly", "(?i)\\bmov\\s+\\S+,|^\\h*+%?(?:macro|define|equ|db)\\b|^\\h*+;"},
    {".j", "jasmin", "^\\h*+\\.(?:class|super|method|limit|field|source|bytecode)\\b"},
    {".j", "objective-j", "^\\h*+@(?:import|implementation|protocol|end)\\b"},
    {".j", "jass", ""},
    {".json", "oasv2-json", "\"swagger\"\\s*:\\s*\"2"},
    {".json", "oasv3-json", "\"openapi\"\\s*:\\s*\"3"},
    {".jq", "jsoniq", "^\\h*+(?:jsoniq|import module|declare|for \\$|let \\$|return)\\b"},
    {".k", "kframework", "^requires\\s+\"|^\\h*+syntax\\s+\\w+\\s+::=|^endmodule"},
    {".k", "kcl", ""},
    {".ks", "kerboscript",
     "(?i)^\\h*+(?:@lazyglobal|lock|function|local|set|parameter|declare|wait|print|if|until)\\b.*["
     "."
     "{]\\s*$"},
    {".ks", "kickstart",
     "^\\h*+(?:install|lang|keyboard|rootpw|timezone|bootloader|%packages|%post|url|network)\\b"},
    {".l", "common lisp", "^\\h*+\\((?:def(?:un|macro|var)|in-package)\\b"},
    {".l", "lex", "^%[%{}option]|^<\\w+>"},
    {".l .n .nr .ms", "roff", "^[.'](?:[A-Za-z]{2}(?:\\s|$)|\\\\\")"},
    {".l", "picolisp", "^\\((?:de|class|rel|code|data|must)\\s"},
    {".lean", "lean 4",
     "^import [A-Z]|:= by$|^\\h*+(?:deriving|macro_rules|syntax)\\b|\\bfun .* =>"},
    {".lp", "lambdapi",
     "^\\h*+(?:opaque\\s+symbol|symbol|rule|notation|constant|injective|require|open|type|assert(?:"
     "not)?|compute)\\b"},
    {".lp", "linear programming",
     "(?i)^\\h*+(?:minimi[sz]e|minimum|min|maximi[sz]e|maximum|max|subject "
     "to)\\s*:?\\s*$|^(?:max|min)\\s*:"},
    {".lp", "answer set programming",
     ":-|^\\h*+#(?:const|show|include|program|minimize|maximize|external)\\b|^\\h*+[a-z]\\w*(?:\\(["
     "^)"
     "]*\\))?\\.\\s*$"},
    {".ls", "loomscript", "^\\h*+package\\s*[\\w./*\\s]*\\{"},
    {".m .mm", "objective-c", OBJC},
    {".m", "mercury", ":- module"},
    {".m", "muf", "^: "},
    {".m", "wolfram language",
     "\\(\\*[\\s\\S]*\\*\\)\\s*$|BeginPackage\\[|Paclet\\[|^\\w+\\[.*_\\]\\s*:="},
    {".m", "m",
     "^\\h*+;|^\\w+(?:\\(.*\\))?[ "
     "\\t]+;|^\\h++(?:[Qq](?:uit)?|[Ss](?:et)?\\s+\\w+=|[Nn](?:ew)?\\s)"},
    {".m", "objective-c", "^\\h*+#\\s*(?:include|define|import)|^\\h*+//"},
    {".m", "matlab", ""},
    {".m4", "m4sugar", "AC_DEFUN|AC_PREREQ|AC_INIT|^_?m4_"},
    {".mask", "unity3d asset", "tag:unity3d\\.com"},
    {".mask", "mask", "^\\h*+[.#]?[\\w-]+.*\\{|;\\s*$"},
    {".mc", "win32 message file", "(?i)^[ \\t]*MessageId=|^\\.$"},
    {".mc", "m4", "^dnl|^divert\\("},
    {".mc", "monkey c", ""},
    {".md", "gcc machine description", "^(?:;;|\\(define_)"},
    {".mo", "motoko",
     "^\\h*+(?:import\\s+\\w+\\s+\"|(?:persistent\\s+)?actor\\b|(?:public\\s+)?func\\s|module\\s*"
     "\\{"
     ")|\\bMotoko\\b"},
    {".mo", "modelica",
     "^\\h*+(?:within|model|package|partial|block|function|connector|record|class|end)\\b"},
    {".ml", "ocaml", "^\\h*+module\\b|let rec |\\bmatch\\s+[^;]*\\bwith\\b|^let .*=|;;\\s*$"},
    {".ml", "standard ml",
     "=> |\\bcase\\s+[^;]*\\bof\\b|^\\h*+(?:structure|signature|functor|fun|val)\\s"},
    {".mod", "xml", "<!ENTITY "},
    {".mod", "nmodl", "\\b(?:NEURON|INITIAL|UNITS)\\b"},
    {".mod", "modula-2",
     "(?i)^\\h*+(?:(?:implementation|definition)\\s+)?module\\s+[\\w.]+|^\\h*+end\\s+[\\w.]+[.;]"},
    {".mod", "ampl", "^\\h*+(?:set|param|var|minimize|maximize|subject to)\\b"},
    {".mod", "linux kernel module", ""},
    {".mojo", "xml", XML_START},
    {".mps", "jetbrains mps", "<persistence"},
    {".mps", "mathematical programming system", ""},
    {".moo", "mercury", ":- module"},
    {".mqh", "mql5", "\\bMQL5\\b|^\\h*+(?:input|class)\\s|^#include\\s*<"},
    {".ms", "unix assembly",
     "^\\h*+\\.(?:include\\s|globa?l\\s|text\\b|section\\b|asci)|^\\w+:\\s*mov"},
    {".ms", "miniscript", "^\\h*+end (?:function|while|if|for)\\b|\\bisa\\b"},
    {".ms", "maxscript", ""},
    {".msg", "omnet++ msg",
     "^(?:cplusplus|namespace\\s|struct\\s|message\\s|packet\\s|class\\s|enum\\s|import\\s)|[{;]"},
    {".msg", "ros interface", ROS_FIELD},
    {".n", "nemerle", "^(?:module|namespace|using)\\s"},
    {".nas", "nasal", "^\\h*+(?:var\\s|#\\s|.*\\bfunc\\b)"},
    {".nb", "text", "\\A(?![\\s\\S]*(?:\\(\\*|Notebook\\[))"},
    {".ncl .typ .res", "xml", XML_START},
    {".ncl", "nickel", "^let(?:\\s|$)|^import\\s\"[^\"]+\"\\s+as\\s|\\bstd\\.\\w+\\."},
    {".ncl", "text", "THE_TITLE"},
    {".nl", "nl", "^[bg][0-9]+ "},
    {".nl", "newlisp", ""},
    {".nr", "noir", "^\\h*+(?:fn|use|mod|struct|pub|global)\\s|^\\h*+#\\["},
    {".nu", "nu", "^\\h*+\\("},
    {".odin", "object data instance notation", "(?:^|<)\\s*\\w+\\s*=\\s*<"},
    {".p", "gnuplot",
     "^s?plot\\b|^set\\s+(?:term|terminal|out|output|[xyz]tics|[xyz]label|[xyz]range|style|title|"
     "key)\\b"},
    {".p", "openedge abl",
     "(?i)\\bdef(?:ine)?\\s+(?:(?:new|shared|input|output|global)\\s+)*(?:var(?:iable)?|temp-table|"
     "buffer|query|param(?:eter)?)\\b|"
     "\\bend(?:\\s+(?:procedure|function|do))?\\.|\\bno-undo\\b|^\\h*+(?:class|using)\\s|^\\h*+&"
     "\\w|"
     "\\bfor\\s+each\\b"},
    {".pbt", "powerbuilder", "^Save Format|^\\h*+(?:appname|applib|liblist)\\b"},
    {".pc", "proc", "^\\h*+EXEC\\s+SQL\\b|^#include"},
    {".pc", "pkg-config", "^(?:Name|Version|Libs|Cflags):"},
    {".pkl", "pkl",
     "^\\h*+(?:module|import|amends|extends|local|const|fixed|abstract|open|class|typealias|@\\w+|/"
     "/"
     "/?)|^\\h*+\\w+\\s*(?:=|\\{)"},
    {".pkl", "pickle", ""},
    {".pl", "prolog", "^[^#\\n]*:-"},
    {".pl .pm .t .p6", "raku", "^\\h*+use\\s+v6|^#!.*(?:perl6|raku)|^=begin pod"},
    /* What only Perl says; the words of Raku stand in its documentation too. */
    {".pl .pm .t", "perl",
     "^\\h*+(?:use\\s+(?:strict|warnings|vars|5|v5)\\b|package\\s+[\\w:]+\\s*;|our\\s+@(?:ISA|"
     "EXPORT)|"
     "require\\s+5)|^#!.*perl"},
    {".pl .pm .t .p6", "raku",
     "^\\h*+(?:unit\\s|multi\\s|my\\s+class|class\\s+[\\w:-]+\\s*(?:is\\s+[\\w:]+\\s*)?\\{|"
     "method\\s|role\\s|(?:my\\s+)?\\w+\\s+\\$\\.|#`)"},
    {".t", "terra", "^\\h*+(?:terra|local|struct)\\s+\\w|\\bterralib\\b"},
    {".pl .pm .t", "perl", PERL},
    {".pl .pm", "raku", RAKU},
    {".pm", "x pixmap", "/\\* XPM \\*/"},
    {".t", "turing",
     "^\\h*+%[ "
     "\\t]|^\\h*+(?:var|const)\\s+\\w+.*:=|^\\h*+(?:put|get|end\\s+\\w+|proc(?:edure)?)\\s"},
    {".plist", "xml property list", "\\A\\s*<|<plist"},
    {".plist", "openstep property list", ""},
    {".plt", "prolog", "^\\h*+:-"},
    {".pod", "pod 6", "^\\h*+=(?:comment|begin pod|begin para|item\\d+)"},
    {".pp", "puppet",
     "^\\h++\\w+\\s+=>\\s|^\\h*+(?:class|define|node)\\s+[\\w:'\"]+.*\\{|^\\h*+include\\s+[\\w:]+"
     "$"},
    {".pp", "pascal", ""},
    {".pro", "proguard",
     "^-(?:include|keep|keepclassmembers|keepattributes|dontwarn|dontobfuscate)\\b"},
    {".pro", "prolog", "^[^\\[#;\\n]+:-"},
    {".pro", "ini", "^last_client="},
    {".pro", "qmake",
     "^\\h*+(?:HEADERS|SOURCES|TEMPLATE|TARGET|CONFIG|QT|SUBDIRS|include)\\s*[+*-]?[=(]"},
    {".pro", "idl", "(?i)^\\h*+(?:function|pro|compile_opt)\\s+\\w|^;"},
    {".properties", "ini", "^\\["},
    {".properties", "java properties", ""},
    {".prc .ddl", "plsql",
     "(?i)^\\h*+create\\s+(?:or\\s+replace\\s+)?(?:procedure|package|type|function|trigger)\\b|"
     "VARCHAR2|^/\\s*$"},
    {".prc .ddl", "sql", ""},
    {".q", "hiveql", "(?i)^\\h*+(?:select|create|alter|drop|insert|from|use|set)\\s"},
    {".q", "q", ""},
    {".qs", "q#", "^\\h*+(?:/{2,3}\\s*)?(?:namespace|operation|open)\\b"},
    {".qs", "qt script", ""},
    {".r", "rebol", "(?i)\\brebol\\b"},
    {".r", "rez",
     "#include\\s+[\"<](?:Types|Carbon/Carbon)\\.r|^(?:resource|data|type)\\s+'\\w{4}'"},
    {".re", "reason",
     "^\\h*+(?:module\\s+\\w|(?:include|open)\\s+\\w+\\s*;|let\\s+\\w+.*=|type\\s+\\w+)"},
    {".reds", "redscript",
     "^\\h*+(?:@\\w+\\(|public\\s|private\\s|import\\s|module\\s|func\\s|let\\s)"},
    {".res", "rescript", "^\\h*+(?:let|module|type|open|include)\\s"},
    {".resource", "robotframework", "^\\*{3} (?:Settings|Variables|Keywords) \\*{3}"},
    {".rno", "runoff", "(?i)^\\.!|^\\.end lit|^\\.[a-z].*;\\.[a-z]"},
    {".rpy", "python", "^(?:import|from|class|def)\\s(?![\\s\\S]*^(?:label|init)\\b)"},
    {".rpy", "ren'py", ""},
    {".rsc", "routeros script", "^\\h*+(?:/\\w|:\\w|#.*RouterOS)"},
    {".rs", "xml", XML_START},
    {".rs", "renderscript", "#pragma\\s+(?:rs|version)|__attribute__"},
    {".rs", "rust", ""},
    {".sc", "supercollider",
     "(?i)\\^(?:this|super)\\.|^\\h*+~\\w+\\s*=|^\\h*+\\*\\w+\\s*\\{|^\\+\\s*\\w+|\\barg\\s+\\w+|"
     "\\bvar\\s+<"},
    {".scd", "markdown", "^#+\\s+(?:NAME|SYNOPSIS|DESCRIPTION)"},
    {".sch", "kicad schematic", "^EESchema|^\\(kicad_sch"},
    {".sch", "eagle", "<!DOCTYPE eagle"},
    {".sch", "xml", XML_START},
    {".brd .lbr", "eagle", "<!DOCTYPE eagle"},
    {".scm", "tree-sitter query",
     "\\(#[\\w-]+[!?]|^\\h*+\\[?\\(\\w+\\)?.*@[\\w.-]+|^\\h*+\\w+:\\s*[(\\[]|\\)\\s*@[\\w.]+"},
    {".shader", "shaderlab", "^\\h*+Shader\\s+\"|SubShader"},
    {".sls", "scheme", "^\\h*+(?:;|#!r6rs|\\()"},
    {".sls", "salt", ""},
    {".spec", "rpm spec", "^(?:Name|Version|Summary|%\\w+)\\s*:?\\s"},
    {".spec", "ruby", "^\\h*+(?:describe|require|it)\\s"},
    {".spec", "python", "^(?:import|from|a\\s*=)\\s"},
    {".sql", "plpgsql",
     "(?i)\\b(?:AS\\s+\\$\\w*\\$|LANGUAGE\\s+'?plpgsql)|^(?:\\\\i\\b|\\h*+BEGIN(?:\\s+WORK)?\\s*;"
     ")"},
    {".sql", "sql", "\\bpg_[a-z]|^(?:\\\\(?:echo|connect)|CREATE EXTENSION)\\b"}, /* PostgreSQL */
    {".sql", "sqlpl",
     "(?i)\\b(?:ALTER\\s+MODULE|MODE\\s+DB2SQL|SYS(?:CAT|PROC)\\.|BEGIN ATOMIC|"
     "ASSOCIATE\\s+RESULT|END!\\s*$)|"
     "^\\h*+(?:TERMINATE|CONNECT TO \\w++(?: USER\\b.*)?)\\h*+;?\\h*+$"},
    {".sql", "plsql",
     "(?i)\\b(?:XMLTYPE|systimestamp|CONNECT\\s+BY|AUTHID\\s|VARCHAR2|PACKAGE\\s+BODY|"
     "(?:CREATE|REPLACE)\\s+PACKAGE|SYSDATE)\\b|"
     "[.%$](?:nextval\\b|TYPE\\b|\\$PLSQL_)|^/\\s*$"},
    {".sql", "tsql",
     "(?i)\\b(?:BEGIN\\s+(?:TRY|CATCH)|OUTPUT\\s+INSERTED|DECLARE\\s+@|NVARCHAR\\b|dbo\\])|"
     "^\\h*+GO\\s*$"},
    {".st", "stringtemplate", "^\\w+\\([^)]*\\)\\s*::=|\\$\\w+[($]|<if\\(|^group\\s"},
    {".st", "smalltalk", ""},
    {".srt", "srecode template", "^\\h*+(?:set|template|context|prompt)\\s+\\w+"},
    {".star", "star", "^loop_\\s*$|^data_"},
    {".stl", "stl", "\\A\\s*solid\\b"},
    {".svx", "survex data", "\\A\\s*(?:;|\\*)"},
    {".sw", "xml", XML_START},
    {".tab", "sql", "(?i)^\\h*+(?:create|insert|alter|drop)\\s"},
    {".tact", "json", "\\A\\s*\\{\\s*\""},
    {".tag", "java server pages", "<%"},
    {".tl", "teal", "\\b(?:local|record|end|function)\\b"},
    {".tl", "type language", ""},
    {".toc", "world of warcraft addon data", "^## |@no-lib-strip@"},
    {".tpl", "go template", "\\{\\{-?\\s*(?:`|\"|/\\*|\\.|define|if|range|include|with)"},
    {".tpl", "smarty", ""},
    {".trigger", "shell", "^#!"},
    {".trigger", "apex", ""},
    {".ts", "xml", "\\A(?:\\xef\\xbb\\xbf)?\\s*+(?:<\\?xml[^>]*+>\\s*+)?<(?:!DOCTYPE )?TS\\b"},
    {".tsp", "tsplib data", "^(?:NAME|TYPE|DIMENSION|EDGE_WEIGHT_TYPE)\\s*:"},
    {".tst", "gap", "^gap> "},
    {".tst", "scilab", ""},
    {".tsx", "xml", XML_START},
    {".txt", "vim help file", "vim:.*(?:ft|filetype)=help"},
    {".txt", "adblock filter list", "\\A\\[(?i:adblock|ublock|adguard)"},
    {".txt", "hosts file", "\\A(?:[^\\S\\n]*+(?:#.*+)?\\n)*+(?:\\d{1,3}\\.){3}\\d{1,3}[ \\t]+\\w"},
    {".uc", "ucode",
     "^#!.*\\bucode\\b|^\\h*+['\"]use strict['\"];|^\\h*+(?:import|export|let)\\s|\\{%"},
    {".vhost", "apacheconf", "^\\h*+<\\w"},
    {".v", "rocq prover",
     "(?:^|\\s)(?:Proof|Qed)\\.|(?:^|\\s)Require\\s|^\\h*+(?:Theorem|Lemma|Inductive|Definition|"
     "Fixpoint|Section|Notation)\\s"},
    {".v", "v", "^\\h*+(?:pub\\s+)?fn\\s+[^\\s()]*\\(|^module\\s+\\w+$|\\$(?:if|else)\\s"},
    {".v", "verilog", ""},
    {".vba", "vim script", "^UseVimball"},
    {".vcf", "tsv", "\\A##fileformat=VCF"},
    {".vcf", "vcard", ""},
    {".w", "cweb", "^@(?:[*<(cdp ]|\\w+\\.)"},
    {".w", "openedge abl", ""},
    {".workflow .pluginspec .gst", "xml", XML_START},
    {".x", "directx 3d file", "\\Axof 030"},
    {".x", "rpc",
     "\\b(?:program|version)\\s+\\w+\\s*\\{|\\bunion\\s+\\w+\\s+switch\\s*\\(|^\\h*+(?:typedef|"
     "const|struct)\\s.*[;{]"},
    {".x .xm", "logos", "^%(?:end|ctor|hook|group|new|orig|init)\\b"},
    {".x", "linker script", ""},
    {".yaml .yml", "miniyaml", "\\A(?![\\s\\S]*---)[\\s\\S]*^\\t+.*?[^\\s:].*?:"},
    {".yaml .yml", "oasv2-yaml", "^swagger:\\s?['\"]?2"},
    {".yaml .yml", "oasv3-yaml", "^openapi:\\s?['\"]?3"},
    {".yy", "json", "\\A\\s*[{\\[]"},
    {".y .yy", "yacc", ""},
    {".xml", "ant build system",
     "\\A(?:\\s*<\\?xml[^>]*>|\\s*<!--[\\s\\S]*?-->)*\\s*<project\\b[^>]*\\bdefault="},
};
const size_t lang_rules_count = sizeof lang_rules / sizeof *lang_rules;
_Static_assert(sizeof lang_rules / sizeof *lang_rules <= LANG_RULES_MAX, "raise LANG_RULES_MAX");
