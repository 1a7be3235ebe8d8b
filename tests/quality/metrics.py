"""Figures of merit, each defined once: SQuAD's F1 and exact match, ROUGE-L, BM25."""
import math
import re
import unicodedata

CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def words(text):
    """Runs of letters, digits and _ in lower case; CJK characters one by one."""
    out = []
    for run in re.findall(r"\w+", text.lower()):
        out += [w for w in re.split(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])", run) if w]
    return out


def normalise(text):
    """SQuAD's normalisation: lower case, no punctuation, no articles, single spaces."""
    text = "".join(" " if unicodedata.category(c)[0] in "PS" else c for c in text.lower())
    return [w for w in words(text) if w not in ("a", "an", "the")]


def f1(answer, golds):
    return max((_f1(normalise(answer), normalise(g)) for g in golds), default=0.0)


def _f1(got, want):
    if not got or not want:
        return float(got == want)
    rest, common = list(want), 0
    for w in got:
        if w in rest:
            rest.remove(w)
            common += 1
    if common == 0:
        return 0.0
    p, r = common / len(got), common / len(want)
    return 2 * p * r / (p + r)


def exact(answer, golds):
    return float(any(normalise(answer) == normalise(g) for g in golds))


def rouge_l(got, want):
    """F1 of the longest common subsequence of words."""
    a, b = words(got), words(want)
    if not a or not b:
        return 0.0
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for j, y in enumerate(b, 1):
            above = row[j]
            row[j] = diagonal + 1 if x == y else max(above, row[j - 1])
            diagonal = above
    common = row[-1]
    p, r = common / len(a), common / len(b)
    return 2 * p * r / (p + r) if common else 0.0


def lead(text, sentences=3):
    """The first sentences of a document, the baseline of every summariser."""
    parts = re.split(r"(?<=[.!?。！？])\s+", " ".join(text.split()))
    return " ".join(parts[:sentences])


def bm25_best(question, texts, k1=1.2, b=0.75):
    """Index of the text that matches the question best by words."""
    docs = [words(t) for t in texts]
    mean = sum(map(len, docs)) / max(1, len(docs)) or 1.0
    scores = [0.0] * len(docs)
    for w in set(words(question)):
        n = sum(w in d for d in docs)
        idf = math.log(1 + (len(docs) - n + 0.5) / (n + 0.5))
        for i, d in enumerate(docs):
            tf = d.count(w)
            scores[i] += idf * tf * (k1 + 1) / (tf + k1 * (1 - b + b * len(d) / mean))
    return max(range(len(docs)), key=lambda i: (scores[i], -i))
