# SPDX-License-Identifier: BSD-3-Clause
# Copyright the SmartSwitch authors
"""What scripts/test does, as a list of steps. Each prints one line, and what went wrong if something did."""

import argparse
import difflib
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
JOBS = os.cpu_count() or 1
FUZZ_SECONDS = {"http": 25, "switch": 25}  # which are slow: compiled without optimisation, a whole graph for each input; 15 for the others
FUZZ_DICTIONARIES = {"switch": "memcached"}  # those of the same name for the others, if there is one
MOST_LINES = 80  # of a failure's output
# What ctest, GoogleTest and unittest say of tests that pass.
QUIET = r"^ *(Start +\d+: .*|\d+/\d+ Test +#\d+: \S+ \.+ +Passed .*|\[ RUN +\] \S+\n\[ +OK \] .*|\[-+\].*|\S+ \(\S+\) \.\.\. ok|)\n"
SOURCE_FOLDERS = ["elements", "graph", "runtime", "tests", "bench", "examples", "configs", "scripts", "cmake", ".ci"]
# With state that several threads touch at once.
CONCURRENT_ROOMS = ["sdk", "basic", "memcached", "load", "runtime", "control"]


class Failed(Exception):
    """A step that can't go on. The text says why."""


class Counts:
    def __init__(self, passed=0, failed=0, output=""):
        self.passed, self.failed, self.output = passed, failed, output


def one(faults):
    """The result of a check that counts as one test."""
    return Counts(passed=int(not faults), failed=int(bool(faults)), output="\n".join(faults))


def run(*words, **options):
    return subprocess.run([str(w) for w in words], cwd=ROOT, capture_output=True, text=True, errors="replace", check=False, **options)


def build(preset, *targets):
    BUILD.mkdir(exist_ok=True)
    for words in (["cmake", "--preset", preset], ["cmake", "--build", "--preset", preset, "--target", *targets]):
        done = run(*words)
        if done.returncode != 0:
            text = done.stdout + done.stderr
            (BUILD / f"{preset}.log").write_text(text)
            first = re.search(r"^.*(error:|FAILED:|CMake Error).*$", text, re.MULTILINE)
            raise Failed(f"building {preset} failed (build/{preset}.log):\n" + text[first.start() if first else 0:])


def ctest(preset, pattern, jobs=JOBS):
    """Runs tests of a build; a program of GoogleTest counts with each of its cases."""
    results = BUILD / preset / "results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir()
    done = run("ctest", "--test-dir", BUILD / preset, "-R", pattern, "-j", jobs, "--output-on-failure", "--no-tests=error",
               "--timeout", 600, "--output-junit", results / "ctest.xml", env={**os.environ, "GTEST_OUTPUT": f"xml:{results}/"})
    if not (results / "ctest.xml").exists():
        raise Failed(done.stdout + done.stderr)
    counts = Counts(output=re.sub(QUIET, "", done.stdout, flags=re.MULTILINE) if done.returncode else "")
    for case in xml.etree.ElementTree.parse(results / "ctest.xml").getroot().iter("testcase"):
        failed = case.get("status") != "run"
        cases = results / f"test_{case.get('name').removeprefix('unit.')}.xml"
        if cases.exists():
            suite = xml.etree.ElementTree.parse(cases).getroot()
            tests = int(suite.get("tests")) - int(suite.get("disabled"))
            bad = int(suite.get("failures")) + int(suite.get("errors"))
            counts.passed += tests - bad
            counts.failed += max(bad, int(failed))  # a leak that is found at the end fails the program, not a case
        else:
            counts.passed += not failed
            counts.failed += failed
    return counts


def tracked(*suffixes):
    """Our source files with one of these endings."""
    for folder in SOURCE_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and (path.suffix in suffixes or path.name in suffixes):
                yield path.relative_to(ROOT)


# ---- the steps

def licences():
    """Every source file says whose it is and how it may be used, in its first lines."""
    faults = []
    files = [*tracked(".h", ".cc", ".py", ".sh", ".cmake", ".yaml", ".dict", "CMakeLists.txt"), pathlib.Path("CMakeLists.txt"),
             *(p for p in tracked("") if p.parts[0] in ("scripts", ".ci", "bench"))]
    for path in files:
        if "bad" in path.parts or "corpus" in path.parts:  # wrong on purpose
            continue
        head = (ROOT / path).read_text().splitlines()[:3]
        if not any("SPDX-License-Identifier: BSD-3-Clause" in line for line in head) or \
           not any("Copyright the SmartSwitch authors" in line for line in head):
            faults.append(f"{path}:1: the two lines with licence and copyright are missing")
    return one(faults)


def rooms():
    """Dependencies point one way (docs/architecture.md): who may include what."""
    allowed = {"graph": ("graph/", "elements/sdk/"), "runtime": ("runtime/", "graph/", "elements/sdk/")}
    faults = []
    for path in tracked(".h", ".cc"):
        room = path.parts[0]
        if room == "elements":
            may = ("elements/sdk/", f"elements/{path.parts[1]}/")
        elif room in allowed:
            may = allowed[room]
        else:
            continue
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            included = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
            if not included:
                continue
            name = included[1]
            ours = name.split("/")[0] in ("elements", "graph", "runtime", "tests", "bench", "examples")
            testing = name.startswith("elements/sdk/testing/") and "testing" not in path.parts
            device = room == "graph" and name in ("rte_ethdev.h", "rte_eal.h")
            # runtime <- runtime/control <- runtime/command
            upwards = room == "runtime" and any(name.startswith(f"runtime/{part}/") and path.parts[1] not in users
                                                for part, users in (("control", ("control", "command")), ("command", ("command",))))
            if (ours and not name.startswith(may)) or testing or device or upwards:
                faults.append(f"{path}:{number}: `{name}` is none of the business of {'/'.join(path.parts[:-1])}")
    return one(faults)


def formatting():
    """clang-format has nothing to say."""
    done = run("clang-format-14", "--dry-run", "--Werror", *tracked(".h", ".cc"))
    changed = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.MULTILINE)))
    return one(["not formatted: clang-format-14 -i " + " ".join(changed) if changed else done.stderr] if done.returncode else [])


def configurations_named():
    """Every configuration that operators start from is run by a test."""
    tests = "".join(p.read_text() for p in (ROOT / "tests/integration").glob("*.py"))
    return one([f"{path} is not run by any test in tests/integration" for path in tracked(".yaml")
                if path.parts[0] == "configs" and path.name not in tests])


def anchor(heading):
    """What GitHub makes of a heading, for links to it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip()).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def links():
    """Links between the documents lead to files and headings that are there."""
    written = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / path for path in tracked(".md"))]
    anchors = {path: {anchor(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)} | set(re.findall(r'<a id="([^"]+)"', text))
               for path in written for text in [path.read_text()]}
    faults = []
    for path in written:
        for target, place in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)", path.read_text()):
            to = (path.parent / target).resolve() if target else path
            if not to.exists() or (place and to in anchors and place not in anchors[to]):
                faults.append(f"{path.relative_to(ROOT)} links to {target}{'#' * bool(place)}{place}, which is not there")
    return one(faults)


def bench_scripts():
    """What scripts/bench computes with, and that it knows its experiments. (It measures on demand only.)"""
    done = run("/usr/bin/python3", "-m", "unittest", "discover", "-s", "tests/unit/bench", "-p", "*_test.py",
               env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    tests = re.search(r"^Ran (\d+) test", done.stderr, re.MULTILINE)
    listed = run("scripts/bench", "--list")
    faults = [done.stderr] if done.returncode or not tests else []
    faults += [f"scripts/bench --list: {listed.stdout}{listed.stderr}"] if listed.returncode else []
    return Counts(passed=0 if faults else int(tests[1]) + 1, failed=len(faults), output="\n".join(faults))


def compile_flags():
    return ["-std=c++20", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", f"-I{ROOT}", "-include", "rte_config.h",
            *(f.replace("-I", "-isystem", 1) for f in run("pkg-config", "--cflags-only-I", "libdpdk").stdout.split())]


def headers():
    """Every header compiles alone."""
    folder = BUILD / "headers"
    flags = compile_flags()

    def compile_alone(path):
        source = folder / path.with_suffix(".h.cc")
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(f'#include "{path}"\n')
        done = run("ccache", "g++", *flags, "-c", source, "-o", source.with_suffix(".o"))
        return f"{path} does not compile alone:\n{done.stderr}" if done.returncode else None

    return Counts(*tally(compile_alone, list(tracked(".h"))))


def tally(check, items):
    """Applies `check` to all items, several at once; it returns what is wrong, or nothing."""
    with ThreadPoolExecutor(JOBS) as pool:
        faults = [fault for fault in pool.map(check, items) if fault]
    return len(items) - len(faults), len(faults), "\n".join(faults)


def unit():
    """All unit tests, the examples and the start of the benchmarks, under AddressSanitizer and UndefinedBehaviorSanitizer."""
    build("asan", "all")
    return ctest("asan", r"^(unit|examples|bench)\.")


def hostile():
    """Garbage from real hosts, at a switch under AddressSanitizer."""
    build("asan", "smartswitch", "memcached_client")
    return ctest("asan", r"^integration\.Hostile", jobs=1)


def threads():
    """The tests that use several threads, under ThreadSanitizer (tests/unit/CMakeLists.txt picks them out)."""
    build("tsan", *(f"test_{room}" for room in CONCURRENT_ROOMS))
    return ctest("tsan", r"^unit\.(" + "|".join(CONCURRENT_ROOMS) + ")$")


def release():
    """What users run, and the tests with real servers. (Linking the benchmarks would take as long again: `unit` builds them unoptimised.)"""
    build("release", "smartswitch", "memcached_client", "coherence_client")
    return ctest("release", r"^integration\.", jobs=1)


def reference():
    """docs/elements.md is what `smartswitch describe` says."""
    build("release", "smartswitch")
    path = ROOT / "docs/elements.md"
    said = run(BUILD / "release/bin/smartswitch", "describe", "--all", "--markdown")
    if said.returncode != 0:
        raise Failed(said.stderr)
    old = path.read_text() if path.exists() else ""
    if old == said.stdout:
        return one([])
    lines = list(difflib.unified_diff(old.splitlines(), said.stdout.splitlines(), "docs/elements.md", "smartswitch describe", lineterm=""))
    return one(["docs/elements.md is stale: build/release/bin/smartswitch describe --all --markdown > docs/elements.md", *lines[:40]])


def examples():
    """An element that is built outside this tree, as its README says."""
    build("release", "smartswitch")
    folder = BUILD / "own_element"
    program = BUILD / "release/bin/smartswitch"
    for words in (["cmake", "-G", "Ninja", "-S", "examples/own_element", "-B", folder], ["cmake", "--build", folder],
                  [program, "describe", "Thin", "--load", folder / "own_element.so"],
                  [program, "run", "examples/own_element/pipeline.yaml", "--load", folder / "own_element.so", "--until-idle", "200ms", "--json"]):
        done = run(*words)
        if done.returncode != 0:
            raise Failed(f"{' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
    counted = json.loads(done.stdout)["elements"]["count"]["counters"]["packets"]
    return one([f"{counted} packets of 1000 came through instead of 250"] if counted != 250 else [])


def blocks(document, language):
    """The pieces of code in a Markdown file."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / document).read_text(), re.MULTILINE | re.DOTALL)


def documents():
    """What the documents tell a newcomer to write works as it stands there, and so do the configurations of scripts/bench."""
    build("release", "smartswitch")
    program = BUILD / "release/bin/smartswitch"
    folder = BUILD / "documents"
    folder.mkdir(exist_ok=True)
    faults = []

    def must(*words):
        done = run(*words)
        if done.returncode != 0:
            faults.append(f"{' '.join(map(str, words))}:\n{done.stdout}{done.stderr}")
        return done.stdout

    # docs/writing-elements.md: an element, its test, and a pipeline with it.
    element, test = blocks("docs/writing-elements.md", "cpp")
    (folder / "thin.cc").write_text(element)
    (folder / "test.cc").write_text(test)
    shutil.copy(ROOT / "examples/own_element/CMakeLists.txt", folder)
    must("cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", f"-DSMARTSWITCH_SOURCE={ROOT}")
    must("cmake", "--build", folder / "build")
    must("g++", "-fsyntax-only", *compile_flags(), folder / "test.cc")
    module = ["--load", folder / "build/own_element.so"]
    for path in sorted((ROOT / "bench/configs").glob("*_[12].yaml")) + [ROOT / "bench/configs/cached.yaml"]:
        must(program, "check", path)
    for document in ["README.md", *(p.relative_to(ROOT) for p in sorted((ROOT / "docs").glob("*.md")))]:
        for number, text in enumerate(blocks(document, "yaml")):
            if not text.startswith("smartswitch:"):  # a part of a file
                continue
            path = folder / f"{pathlib.Path(document).stem}-{number}.yaml"
            path.write_text(text)
            must(program, "check", path, *module)
    if faults:
        return one(faults)
    for path, element, counter in (("README-0.yaml", "count", "packets"), ("writing-elements-0.yaml", "limit", "too_long")):
        said = json.loads(must(program, "run", folder / path, *module, "--for", "1s", "--json"))["elements"][element]
        if not {**said["counters"], **said["drops"]}.get(counter):
            faults.append(f"{path}: {element} has counted no {counter}: {said}")
    return one(faults)


def fuzz():
    """A short run of each libFuzzer target; what they find stays in build/fuzz/ for the next run."""
    build("fuzz", "fuzzers")
    targets = sorted((ROOT / "tests/fuzz").glob("*_fuzz.cc"))

    def attack(path):
        name = path.stem.removesuffix("_fuzz")
        seconds = FUZZ_SECONDS.get(name, 15)
        finds = BUILD / "fuzz/corpus" / name
        finds.mkdir(parents=True, exist_ok=True)
        words = [BUILD / "fuzz/bin" / path.stem, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=4096",
                 f"-artifact_prefix={BUILD}/fuzz/{path.stem}-", finds]
        seeds = ROOT / "tests/fuzz/corpus" / name
        if seeds.exists():
            words.append(seeds)
        dictionary = ROOT / f"tests/fuzz/{FUZZ_DICTIONARIES.get(name, name)}.dict"
        if dictionary.exists():
            words.append(f"-dict={dictionary}")
        if name == "yaml":  # the configurations are its best seeds
            words.append(ROOT / "configs")
        done = run(*words, timeout=seconds + 240)
        return f"{path.stem} found something:\n" + "\n".join(done.stderr.splitlines()[-MOST_LINES:]) if done.returncode else None

    if not targets:
        raise Failed("there is no *_fuzz.cc in tests/fuzz")
    return Counts(*tally(attack, targets))


def tidy():
    """clang-tidy over what packets meet, several files at a time as they are compiled: most of its time goes into headers. What was clean is
    not looked at again until a source, a header or a rule changes."""
    build("fuzz", "elements/xdp_redirect_object.cc")  # configures, for the flags of clang, and writes the one source that is not there
    commands = {pathlib.Path(c["file"]): c["command"] for c in json.loads((BUILD / "fuzz/compile_commands.json").read_text())}
    files = [path for path in commands if path.is_relative_to(BUILD / "fuzz/elements")]
    sources = hashlib.sha256()
    for path in [pathlib.Path(".clang-tidy"), *tracked(".h", ".cc")]:
        sources.update((ROOT / path).read_bytes())
    clean = BUILD / "tidy"
    clean.mkdir(exist_ok=True)

    def look(path):
        key = sources.copy()
        key.update(path.read_bytes() + commands[path].encode())
        stamp = clean / key.hexdigest()
        if stamp.exists():
            return None
        done = run("clang-tidy-14", "--quiet", "--warnings-as-errors=*", "-p", BUILD / "fuzz", path)
        if done.returncode == 0:
            stamp.touch()
        return done.stdout or done.stderr if done.returncode else None

    return Counts(*tally(look, files))


STEPS = [licences, rooms, configurations_named, links, formatting, bench_scripts, release, reference, examples, documents, unit, hostile, threads, fuzz,
         headers, tidy]


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description="Builds and tests everything.")
    parser.add_argument("steps", nargs="*", metavar="STEP", help="only these steps (see --list)")
    parser.add_argument("--list", action="store_true", help="name the steps and stop")
    arguments = parser.parse_args()
    names = {step.__name__: step for step in STEPS}
    if arguments.list:
        print("\n".join(names))
        return 0
    for name in arguments.steps:
        if name not in names:
            parser.error(f"there is no step `{name}`; there are {', '.join(names)}")

    passed = failed = 0
    for step in [names[name] for name in arguments.steps] or STEPS:
        start = time.monotonic()
        try:
            counts = step()
        except Failed as failure:
            counts = Counts(failed=1, output=str(failure))
        except subprocess.TimeoutExpired as expired:
            counts = Counts(failed=1, output=str(expired))
        passed += counts.passed
        failed += counts.failed
        verdict = f"{counts.failed} FAILED" if counts.failed else "ok"
        print(f"{step.__name__:22} {counts.passed:5} passed  {verdict:10} {time.monotonic() - start:6.0f} s", flush=True)
        if counts.output:
            lines = counts.output.splitlines()
            print("\n".join("    " + line for line in lines[:MOST_LINES]))
            if len(lines) > MOST_LINES:
                print(f"    ... {len(lines) - MOST_LINES} more lines")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
