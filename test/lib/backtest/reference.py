"""An independent evaluation of alarm rules over a CSV recording, for comparison with a back-test.

Reads {file, time, column, rule} as JSON from stdin, where rule has bands, onDelay, offDelay (ms) and repeat, and prints the changes as JSON: [[time, level or null], ...].
Written from docs/operate/rules.md alone, state by state in plain lists; standard library only.
"""
import csv
import datetime
import json
import sys


def read(path, time_column, column):
    rows = {}
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            if row[column].strip() == "":
                continue
            time = datetime.datetime.fromisoformat(row[time_column]).replace(tzinfo=datetime.timezone.utc)
            # A time that comes again is written over.
            rows[round(time.timestamp() * 1000)] = float(row[column])
    return sorted(rows.items())


SEVERITY = ["critical", "major", "minor", "warning"]


def band_findings(rows, bands):
    """For each sample the worst level that holds: a band holds from its edge on, until the value is back behind its deadband."""
    order = sorted(bands, key=lambda band: -SEVERITY.index(band["level"]))
    holds = [False] * len(order)
    for time, value in rows:
        found = 0
        for index, band in enumerate(order):
            if "high" in band:
                beyond, back = value >= band["high"], value < band["high"] - band.get("deadband", 0)
            else:
                beyond, back = value < band["low"], value >= band["low"] + band.get("deadband", 0)
            holds[index] = beyond or (holds[index] and not back)
            if holds[index]:
                found = index + 1
        yield time, found


def confirm(findings, levels, on_delay, off_delay, repeat, end):
    """Delays and repeats, level by level: `since[l]` is when the finding came to its present side of level l."""
    changes = []
    level, finding = 0, 0
    since = [None] * (levels + 1)
    beyond = [[] for _ in range(levels + 1)]

    def often(wanted, now):
        if repeat is None or repeat["times"] <= 1:
            return True
        recent = [time for time in beyond[wanted] if time >= now - repeat["within"]]
        return len(recent) >= repeat["times"]

    def settle(now):
        nonlocal level
        target = level
        if finding > level:
            for wanted in range(finding, level, -1):
                if now - since[wanted] >= on_delay and often(wanted, now):
                    target = wanted
                    break
        elif finding < level:
            target = level
            for wanted in range(finding, level):
                if now - since[wanted + 1] >= off_delay:
                    target = wanted
                    break
        if target != level:
            level = target
            changes.append((now, level))
            return True
        return False

    def due(limit, seen):
        """Delays that run out after what was seen last and up to `limit`, the earliest first."""
        while True:
            times = []
            if finding > level:
                times = [since[wanted] + on_delay for wanted in range(level + 1, finding + 1)]
            elif finding < level:
                times = [since[wanted + 1] + off_delay for wanted in range(finding, level)]
            for time in sorted(time for time in times if seen < time <= limit):
                if settle(time):
                    break
            else:
                return

    seen = float("-inf")
    for time, found in findings:
        due(time, seen)
        seen = time
        if found != finding:
            for wanted in range(min(found, finding) + 1, max(found, finding) + 1):
                since[wanted] = time
            finding = found
        for wanted in range(1, found + 1):
            beyond[wanted].append(time)
        settle(time)
    due(end - 1, seen)
    return changes


def main():
    request = json.load(sys.stdin)
    rows = read(request["file"], request["time"], request["column"])
    rule = request["rule"]
    names = sorted((band["level"] for band in rule["bands"]), key=lambda name: -SEVERITY.index(name))
    names = [None] + list(dict.fromkeys(names))
    changes = confirm(band_findings(rows, rule["bands"]), len(names) - 1, rule["onDelay"], rule["offDelay"], rule.get("repeat"), rows[-1][0] + 1)
    json.dump([[time, names[level]] for time, level in changes], sys.stdout)


main()
