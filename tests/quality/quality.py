#!/usr/bin/env python3
"""quality.py: answer quality of the program, end to end.

Writes the documents of the records in tests/data/quality into a scratch folder, runs the program
on them as a user would, and compares what it prints with what people wrote.  Only the Python
standard library is used.

    quality.py --program build/deepread --data tests/data/quality
               [--contexts 0,2048,8192,32768] [--attn sparse,dense] [--tasks qa,locate,...]
               [--limit N] [--jobs N] [--csv FILE] [-- PROGRAM OPTIONS...]

qa, locate and codesum records are packed into contexts of the given size: as many records as fit,
then documents of other records until the context is full; every question of a context is asked over
one reading of it.  A context of 0 is each record's own documents and nothing else, which is what the
model was trained and first measured on.  A dense context costs time with the square of its length:
--dense-limit says how many contexts of more than 8,192 tokens are read dense (the number of
questions is printed).
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import metrics

TOKENS_PER_CHAR = 1 / 3.0     # for filling only; the prompt's real length is printed


def load(folder, task, limit):
    path = os.path.join(folder, task + ".jsonl")
    with open(path, encoding="utf-8") as f:
        records = [json.loads(line) for line in f]
    return records[:limit] if limit else records


def estimate(text):
    """Rough number of tokens: CJK characters take about 1.4, others a third."""
    cjk = len(metrics.CJK.findall(text))
    return int((len(text) - cjk) * TOKENS_PER_CHAR + 1.4 * cjk) + 24


def safe(name):
    parts = [p for p in name.split("/") if p not in ("", ".", "..")]
    return "/".join(parts) or "document"


class Context:
    """Records that share one reading, and the documents around them."""

    def __init__(self, size):
        self.size, self.used = size, 0
        self.files, self.records = {}, []

    def room(self, docs):
        names = [safe(d["name"]) for d in docs]
        taken = any(n in self.files or n.startswith(tuple(f + "/" for f in self.files))
                    or any(f.startswith(n + "/") for f in self.files) for n in names)
        need = sum(estimate(d["text"]) for d in docs)
        return not taken and len(set(names)) == len(names) and self.used + need <= self.size

    def add(self, docs):
        for d in docs:
            self.files[safe(d["name"])] = d["text"]
            self.used += estimate(d["text"])


def alone(r):
    c = Context(sys.maxsize)
    c.add(r["docs"])
    c.records.append(r)
    return c


def pack(records, size, filler):
    """Contexts of about `size` tokens; a record larger than that is left out."""
    if not size:
        return [alone(r) for r in records], 0
    budget = int(size * 0.93)
    contexts, left_out = [], 0
    for r in records:
        home = next((c for c in contexts if c.room(r["docs"])), None)
        if home is None:
            home = Context(budget)
            if not home.room(r["docs"]):
                left_out += 1
                continue
            contexts.append(home)
        home.add(r["docs"])
        home.records.append(r)
    for i, c in enumerate(contexts):
        for d in filler[i % 7:]:
            if c.room([d]):
                c.add([d])
    return contexts, left_out


def write_files(folder, files):
    for name, text in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(text)


def run(args, command, folder, files, extra=(), questions=None):
    """Runs the program over the files; one parsed JSON object per reply."""
    argv = [os.path.abspath(args.program), command, "-f", "jsonl", "-q", *args.options, *extra]
    if questions is not None:
        qpath = os.path.join(folder, ".questions")
        with open(qpath, "w", encoding="utf-8") as f:
            f.writelines(" ".join(q.split()) + "\n" for q in questions)
        argv += ["-Q", qpath]
    done = subprocess.run([*argv, "--", *files], cwd=folder, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(argv)}: exit {done.returncode}\n{done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def shown_chunks(args, folder, files):
    """The chunks as the model sees them, in the order of their labels."""
    done = subprocess.run([os.path.abspath(args.program), "text", "--chunks", "-q", "--", *files],
                          cwd=folder, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def byte_range(text, start, end):
    return len(text[:start].encode()), len(text[:end].encode())


def gold_ranges(r):
    """[(file, first byte, end)] of what a citation must show."""
    if r["task"] == "codesum":
        d = r["docs"][0]
        return [(safe(d["name"]), 0, len(d["text"].encode()))]
    out = []
    for e in r["target"].get("evidence", []):
        d = r["docs"][e["doc"]]
        out.append((safe(d["name"]), *byte_range(d["text"], e["start"], e["end"])))
    return out


def covers(chunk, gold):
    """The chunk holds the gold range, or the larger half of it."""
    path, a, b = gold
    low, high = max(a, chunk["bytes"][0]), min(b, chunk["bytes"][1])
    return chunk["path"] == path and high > low and 2 * (high - low) >= b - a


def question_of(r):
    if r["task"] == "codesum":
        return f"What does the function {r['target']['symbol']} do?"
    return r["question"]


def answer_text(reply):
    return " ".join(s["text"] for s in reply["answer"]) if reply.get("answer") else ""


class Mean:
    def __init__(self):
        self.sums, self.counts = {}, {}

    def add(self, key, value):
        self.sums[key] = self.sums.get(key, 0.0) + value
        self.counts[key] = self.counts.get(key, 0) + 1

    def __getitem__(self, key):
        return self.sums[key] / self.counts[key] if self.counts.get(key) else float("nan")


def score_question(m, r, reply, chunks):
    golds = gold_ranges(r)
    target = r["target"]
    if r["task"] == "qa" and target["answer"] is None:
        m.add("refused", reply["status"] == "unsupported")
        return
    cited = [chunks[c["chunk"] - 1] for c in reply["citations"][:1]]
    m.add("hit", any(covers(c, g) for c in cited for g in golds))
    best = metrics.bm25_best(question_of(r), [c["text"] for c in chunks])
    m.add("bm25", any(covers(chunks[best], g) for g in golds))
    m.add("chunks", len(chunks))
    if r["task"] == "qa":
        wanted = [target["answer"]] + [a if isinstance(a, str) else a.get("text", "")
                                       for a in target.get("answers", [])]
        m.add("f1", metrics.f1(answer_text(reply), wanted))
        m.add("em", metrics.exact(answer_text(reply), wanted))
        m.add("wrongly refused", reply["status"] == "unsupported")
    if r["task"] == "codesum":
        m.add("rouge", metrics.rouge_l(answer_text(reply), target["summary"]))


def ask_tasks(args, table):
    for task in ("qa", "locate", "codesum"):
        if task not in args.tasks:
            continue
        records = load(args.data, task, args.limit)
        filler = [d for t in ("summary", "qa", "locate") for r in load(args.data, t, 0)
                  for d in r["docs"] if r not in records]
        for size in args.contexts:
            contexts, left_out = pack(records, size, filler)
            for attn in args.attn:
                m, tokens = Mean(), []
                limit = args.dense_limit if attn == "dense" and size > 8192 else len(contexts)
                asked = in_parallel(args, lambda c: ask_context(args, c, attn), contexts[:limit])
                for c, (replies, chunks) in zip(contexts, asked):
                    tokens.append(replies[0]["usage"]["prompt_tokens"])
                    for r, reply in zip(c.records, replies, strict=True):
                        score_question(m, r, reply, chunks)
                table.row(task, size, attn, m, tokens, left_out)


def in_parallel(args, work, items):
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        return list(pool.map(work, items))


def ask_context(args, c, attn):
    """The replies to a context's questions, and the chunks that they cite."""
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder, c.files)
        files = list(c.files)
        replies = run(args, "ask", folder, files, ["--attn", attn],
                      [question_of(r) for r in c.records])
        return replies, shown_chunks(args, folder, files)


def one_reply(args, command, r):
    """The reply to a command over one record's documents."""
    extra = ["--focus", r["question"]] if command == "summarize" and r["question"] else []
    files = {safe(d["name"]): d["text"] for d in r["docs"]}
    with tempfile.TemporaryDirectory() as folder:
        write_files(folder, files)
        return run(args, command, folder, list(files), extra)[0]


def replies_to(args, command, task):
    records = load(args.data, task, args.limit)
    return zip(records, in_parallel(args, lambda r: one_reply(args, command, r), records))


def summary_task(args, table):
    m = Mean()
    for r, reply in replies_to(args, "summarize", "summary"):
        text = "\n".join(d["text"] for d in r["docs"])
        said = " ".join(s["text"] for s in reply["summary"])
        wanted = [r["target"]["abstract"], *r["target"].get("references", [])]
        m.add("abstract", max(metrics.rouge_l(said, w) for w in wanted))
        m.add("lead3", max(metrics.rouge_l(metrics.lead(text), w) for w in wanted))
        m.add("title", metrics.rouge_l(reply.get("title") or "", r["target"]["title"]))
        m.add("sentences kept", sum(s["supported"] for s in reply["summary"]) / max(1, len(reply["summary"])))
    table.row("summary", 0, "sparse", m, [], 0)


def review_task(args, table):
    m = Mean()
    for r, reply in replies_to(args, "review", "review"):
        lines = [(f["line"][0], f["line"][1]) for f in reply["findings"]]
        wanted = r["target"]["findings"]
        if wanted:
            m.add("line hit", any(a <= w["end_line"] and w["line"] <= b
                                  for a, b in lines for w in wanted))
            m.add("said something", bool(lines))
        else:
            m.add("false alarm", bool(lines))
    table.row("review", 0, "sparse", m, [], 0)


class Table:
    def __init__(self, csv):
        self.csv = open(csv, "w", encoding="utf-8") if csv else None
        if self.csv:
            self.csv.write("task,context,attention,figure,value,n\n")

    def row(self, task, size, attn, m, tokens, left_out):
        head = f"{task:8}"
        if tokens:
            mean = sum(tokens) / len(tokens)
            name = f"{size // 1024:3d}K" if size else " own"
            head += f" {name} {attn:6} {len(tokens):3d} contexts of {mean:6.0f} tokens"
        figures = "  ".join(f"{k} {100 * m[k]:.1f}% ({m.counts[k]})" if k != "chunks"
                            else f"chunks {m[k]:.0f}" for k in m.counts)
        note = f"  [{left_out} larger than the context left out]" if left_out else ""
        print(f"{head}: {figures}{note}", flush=True)
        if self.csv:
            for k in m.counts:
                self.csv.write(f"{task},{size},{attn},{k},{m[k]:.5f},{m.counts[k]}\n")
            self.csv.flush()


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--program", required=True)
    p.add_argument("--data", required=True)
    p.add_argument("--contexts", default="0,2048,8192,32768")
    p.add_argument("--attn", default="sparse,dense")
    p.add_argument("--tasks", default="qa,locate,codesum,summary,review")
    p.add_argument("--limit", type=int, default=0, help="records per task (default: all)")
    p.add_argument("--dense-limit", type=int, default=1)
    p.add_argument("--jobs", type=int, default=1, help="contexts at a time")
    p.add_argument("--csv")
    p.add_argument("options", nargs="*", help="passed on to the program")
    args = p.parse_args()
    args.contexts = [int(c) for c in args.contexts.split(",")]
    args.attn, args.tasks = args.attn.split(","), args.tasks.split(",")
    table = Table(args.csv)
    ask_tasks(args, table)
    if "summary" in args.tasks:
        summary_task(args, table)
    if "review" in args.tasks:
        review_task(args, table)


if __name__ == "__main__":
    main()
