"""What the installed fail2ban says: jobs on standard input, one JSON object a line; answers on standard output.

Job: {"filter": "sshd[mode=ddos]", "log": "/path", "now": seconds}. Answer: {"lines": [[status, host, time], …], "matched": [line, …]}
with status "m" (matched), "i" (ignored), "-" (missed), "?" (gave up after PATIENCE seconds), or {"error": "…"}.
"""
import contextlib
import io
import json
import logging
import signal
import sys

sys.path.insert(0, "/usr/lib/python3/dist-packages")
from fail2ban.client import fail2banregex as tool

logging.getLogger("fail2ban").setLevel(logging.CRITICAL)
PATIENCE = 0.3


class TooSlow(Exception):
    pass


def give_up(*_):
    raise TooSlow


signal.signal(signal.SIGALRM, give_up)


def host_of(ret):
    named = [one for one in ret if one[1] is not None]
    return str(named[0][1]) if named else None


def run(job):
    opts, _ = tool.get_opt_parser().parse_args(["--raw", "--print-all-matched", "--print-all-missed", "--print-all-ignored"])
    run = tool.Fail2banRegex(opts)
    tool.MyTime.setTime(job["now"])
    if not run.readRegex(job["filter"], "fail"):
        return {"error": "fail2ban-regex does not load it"}
    seen = []
    test = run.testRegex

    def spy(line, date=None):
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            stripped, ret, ignored = test(line, date)
        except TooSlow:
            seen.append(["?", None, None])
            return line, [], False
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        status = "i" if ignored else "m" if ret else "-"
        seen.append([status, host_of(ret) if status == "m" else None, ret[0][2] if status == "m" else None])
        return stripped, ret, ignored

    run.testRegex = spy
    lines = tool.FileContainer(job["log"], "UTF-8", doOpen=True)
    lines.waitForLineEnd = False
    run.process(lines)
    return {"lines": seen, "matched": run._line_stats.matched_lines}


for line in sys.stdin:
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            answer = run(json.loads(line))
    except Exception as error:  # the answer is that it fails
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
