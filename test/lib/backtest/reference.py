"""An independent evaluation of alarm rules over recordings, for comparison with a back-test.

Reads {devices, rules} as JSON from stdin. A device is {file, time, column} of a CSV file, or {rows: [[time, value], ...]}. A rule is {when, onDelay, offDelay, repeat}, times
in ms; `when` is one of bands, rate, trend and anomaly as in a rule document, with durations in ms. Prints as JSON, for each rule and each device, its changes:
[[time, level or null], ...].
Written from docs/operate/conditions.md alone, in plain lists: each sample works everything out anew from all that came before. Standard library only.
"""
import bisect
import csv
import datetime
import json
import math
import statistics
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


def judge(edges):
    """A function that says how many of the edges, the mildest first, hold for a figure: each from its limit on, until the figure is back behind its deadband."""
    holds = [False] * len(edges)

    def found(figure):
        for index, (limit, deadband, is_high) in enumerate(edges):
            beyond = figure >= limit if is_high else figure < limit
            back = figure < limit - deadband if is_high else figure >= limit + deadband
            holds[index] = beyond or (holds[index] and not back)
        return max((index + 1 for index, held in enumerate(holds) if held), default=0)

    return found


def limits_of(levels):
    return [(each["high"], each.get("deadband", 0), True) if "high" in each else (each["low"], each.get("deadband", 0), False) for each in levels]


def mildest_first(levels):
    return sorted(levels, key=lambda each: -SEVERITY.index(each["level"]))


def bands(rows, when):
    found = judge(limits_of(mildest_first(when)))
    return [(time, found(value)) for time, value in rows]


def rate(rows, when):
    """Against the newest sample that is `over` old, and not twice as old. None: nothing new."""
    found = judge(limits_of(mildest_first(when["levels"])))
    times = [time for time, _ in rows]
    findings = []
    for time, value in rows:
        before = bisect.bisect_right(times, time - when["over"]) - 1
        if before < 0 or times[before] < time - 2 * when["over"]:
            findings.append((time, None))
        else:
            findings.append((time, found((value - rows[before][1]) / (time - times[before]) * when["per"])))
    return findings


def line(points, now):
    """Value and slope of the straight line through the points, by the normal equations, from the middle of their times."""
    middle = statistics.fmean(time for time, _ in points)
    mean = statistics.fmean(value for _, value in points)
    slope = math.fsum((time - middle) * (value - mean) for time, value in points) / math.fsum((time - middle) ** 2 for time, _ in points)
    return mean + slope * (now - middle), slope


def holt(points, now, constant):
    """Wright's form of Holt's smoothing for irregular times."""
    (time, first), (last, level) = points[:2]
    slope = (level - first) / (last - time)
    smoothing = 1.0
    for time, value in points[2:]:
        gap = time - last
        smoothing = smoothing / (smoothing + math.exp(-gap / constant))
        expected = level + gap * slope
        risen = smoothing * value + (1 - smoothing) * expected - level
        slope = smoothing * risen / gap + (1 - smoothing) * slope
        level, last = level + risen, time
    return level + slope * (now - last), slope


def trend(rows, when):
    levels = mildest_first(when["levels"])
    found = judge([(each["within"], each["within"] * 0.1, False) for each in levels])
    window, sign = when["window"], 1 if when["direction"] == "above" else -1
    length = window / 128
    findings = []
    slices = {}
    for time, value in rows:
        newest = math.floor(time / length)
        slices.setdefault(newest, []).append((time, value))
        for old in [number for number in slices if number <= newest - 128]:
            del slices[old]
        points = [tuple(statistics.fmean(column) for column in zip(*slices[number])) for number in sorted(slices)]
        if len(points) < 3 or points[-1][0] - points[0][0] < window / 2:
            findings.append((time, None))
            continue
        reached, slope = line(points, time) if when["method"] == "line" else holt(points, time, window / 3)
        if (reached - when["limit"]) * sign >= 0:
            left = 0
        else:
            left = (when["limit"] - reached) / slope if slope * sign > 0 else math.inf
        findings.append((time, found(left)))
    return findings


def deviations(value, others, when):
    """How many robust deviations the value is away from the median of the others, on the side that counts."""
    median = statistics.median(others)
    distances = [abs(other - median) for other in others]
    normal = statistics.NormalDist()
    deviation = statistics.median(distances) / normal.inv_cdf(0.75) or statistics.fmean(distances) * math.sqrt(math.pi / 2)
    away = {"both": abs(value - median), "above": value - median, "below": median - value}[when["direction"]]
    if away <= 0 or away < when["differenceMin"]:
        return 0
    return away / deviation if deviation > 0 else math.inf


def far_out(when):
    return judge([(each["deviations"], when.get("deadband", 0), True) for each in mildest_first(when["levels"])])


def own_anomaly(rows, when):
    """Against the newest value of each 1024th part of the window before, without the present one."""
    found = far_out(when)
    length = when["window"] / 1024
    newest = {}
    findings = []
    for time, value in rows:
        present = math.floor(time / length)
        others = [old for number, (at, old) in newest.items() if number != present and at > time - when["window"]]
        findings.append((time, found(deviations(value, others, when)) if len(others) >= when["minSamples"] else None))
        newest[present] = (time, value)
        newest = {number: entry for number, entry in newest.items() if entry[0] > time - when["window"]}
    return findings


def siblings_anomaly(devices, when):
    """Against the newest value of each other device that is not older than the window, all devices in the order of time."""
    found = [far_out(when) for _ in devices]
    newest = {}
    findings = [[] for _ in devices]
    for time, device, value in sorted((time, device, value) for device, rows in enumerate(devices) for time, value in rows):
        others = [old for other, (at, old) in newest.items() if other != device and at > time - when["window"]]
        findings[device].append((time, found[device](deviations(value, others, when)) if len(others) >= when["minSamples"] else None))
        newest[device] = (time, value)
    return findings


KINDS = {"bands": bands, "rate": rate, "trend": trend, "anomaly": own_anomaly}


def findings_of(devices, when):
    [(kind, options)] = when.items()
    if kind == "anomaly" and options["against"] == "siblings":
        return siblings_anomaly(devices, options)
    return [KINDS[kind](rows, options) for rows in devices]


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
        if found is None:
            found = finding
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
    devices = [[tuple(row) for row in device["rows"]] if "rows" in device else read(device["file"], device["time"], device["column"]) for device in request["devices"]]
    end = max(rows[-1][0] for rows in devices) + 1
    answer = []
    for rule in request["rules"]:
        options = next(iter(rule["when"].values()))
        levels = mildest_first(options if isinstance(options, list) else options["levels"])
        names = [None, *(level["level"] for level in levels)]
        of_devices = findings_of(devices, rule["when"])
        changes = [confirm(findings, len(levels), rule["onDelay"], rule["offDelay"], rule.get("repeat"), end) for findings in of_devices]
        answer.append([[[time, names[level]] for time, level in each] for each in changes])
    json.dump(answer, sys.stdout)


main()
