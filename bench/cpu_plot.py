#!/usr/bin/env python3
"""Draws time per token over position from the CSV of bench/cpu, as SVG.

    build/bench/cpu -n 1024,8192,32768,131072 --csv cpu.csv && bench/cpu_plot.py cpu.csv > cpu.svg

The shape of Figure 3 of the DeepSeek-V3.2 report: what the next token costs to read (lines, every
1024 tokens) and to write (dots), with sparse and with dense attention."""
import csv
import sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 420, 70, 20, 40, 50
COLOURS = {"sparse": "#1f5fbf", "dense": "#c0392b"}


def read(path):
    lines, dots = {}, {}
    with open(path, newline="") as f:
        for row in csv.DictReader(f):
            point = int(row["tokens"]), float(row["value"]) / 1000
            if row["what"] == "read us per token":
                lines.setdefault(row["attention"], []).append(point)
            elif row["what"] == "write us per token":
                dots.setdefault(row["attention"], []).append(point)
    return lines, dots


def step(most):
    """A round distance between about six ticks."""
    power = 1.0
    while most / power > 10:
        power *= 10
    while most / power < 1:
        power /= 10
    return next(power * s for s in (0.2, 0.5, 1, 2, 5) if most / (power * s) <= 7)


def number(x):
    return f"{x:g}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    lines, dots = read(sys.argv[1])
    every = [p for group in (lines, dots) for points in group.values() for p in points]
    if not every:
        sys.exit(f"{sys.argv[1]}: no times per token")
    most_x, most_y = max(p[0] for p in every), max(p[1] for p in every) * 1.05

    def x(tokens):
        return LEFT + tokens / most_x * (WIDTH - LEFT - RIGHT)

    def y(ms):
        return HEIGHT - BOTTOM - ms / most_y * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    tick = step(most_y)
    for i in range(int(most_y / tick) + 1):
        at = y(i * tick)
        out.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">'
                   f'{number(i * tick)}</text>')
    for i in range(9):
        tokens = most_x * i // 8
        out.append(f'<text x="{x(tokens):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">'
                   f'{number(round(tokens / 1024, 1))}K</text>')
    out.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
               'position of the token</text>')
    out.append(f'<text x="{LEFT}" y="{TOP - 16}">ms per token</text>')
    for n, (name, colour) in enumerate(COLOURS.items()):
        points = sorted(lines.get(name, []))
        path = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in points)
        if points:
            out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" '
                       'stroke-width="2"/>')
        for t, v in dots.get(name, []):
            out.append(f'<circle cx="{x(t):.1f}" cy="{y(v):.1f}" r="4" fill="{colour}"/>')
        if points or name in dots:
            out.append(f'<text x="{LEFT + 140 + 250 * n}" y="{TOP - 16}" fill="{colour}">'
                       f'{name}: line reading, dots writing</text>')
    out.append("</svg>")
    print("\n".join(out))


main()
