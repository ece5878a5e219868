#!/usr/bin/env python3
"""Drives the real window through its gestures under Xvfb and fails at the first that does not do what it should.

    tests/drive_window.py target/debug/glassbox [PICTURES]

Needs the Debian packages xvfb, xdotool, imagemagick, mesa-vulkan-drivers, and for real drag and drop python-xlib (left out,
and said, without it). After every step the state that the window
writes with --probe is compared with what the step must have changed; a picture of every step goes to PICTURES.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = str(Path(sys.argv[1]).resolve())
PICTURES = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp())
DISPLAY = f":{87 + os.getpid() % 400}"


class Window:
    def __init__(self, size, folder, *arguments):
        self.size, self.folder, self.arguments = size, folder, arguments
        self.probe = folder / "probe.json"
        self.env = dict(os.environ, DISPLAY=DISPLAY, XDG_DATA_HOME=str(folder / "data"), XDG_CACHE_HOME=str(folder / "cache"))
        self.env.setdefault("XDG_RUNTIME_DIR", str(folder))
        self.screen = subprocess.Popen(
            ["Xvfb", DISPLAY, "-screen", "0", f"{size[0]}x{size[1]}x24"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(1.5)
        self.start()

    def start(self):
        self.probe.unlink(missing_ok=True)
        self.log = open(self.folder / "log.txt", "ab")
        self.process = subprocess.Popen(
            [PROGRAM, "--workspace", str(self.folder / "workspace"), "--probe", str(self.probe), *self.arguments],
            env=self.env, stdout=self.log, stderr=self.log,
        )
        self.until("the demo is open", lambda s: s["run"] and s["explained"] is not None, 30)
        window = self.window()
        self.do("windowmove", window, "0", "0", "windowsize", window, *map(str, self.size))
        self.do("windowfocus", window)
        time.sleep(1)

    def stop(self, signal="terminate"):
        getattr(self.process, signal)()
        self.process.wait(20)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.screen.kill()

    def do(self, *arguments):
        result = subprocess.run(["xdotool", *arguments], env=self.env, capture_output=True, text=True, check=False)
        return result.stdout

    def window(self):
        return self.do("search", "--name", "Glassbox").split()[0]

    def read(self):
        for _ in range(50):
            try:
                return json.loads(self.probe.read_text())
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.1)
        raise SystemExit("FAILED: the window writes no state")

    @property
    def state(self):
        return self.read()["state"]

    def until(self, what, holds, seconds=10):
        end = time.time() + seconds
        while time.time() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"FAILED: the window closed itself while waiting until {what}")
            if self.probe.exists() and holds(self.state):
                print(f"ok    {what}", flush=True)
                return
            time.sleep(0.1)
        self.picture("failed")
        raise SystemExit(f"FAILED: not so within {seconds} s: {what}\n{json.dumps(self.state)}")

    def control(self, start, role=None):
        for _ in range(50):
            found = [c for c in self.read()["controls"] if c["name"].startswith(start) and role in (None, c["role"])]
            if found:
                return found[0]
            time.sleep(0.1)
        raise SystemExit(f"FAILED: no control is called {start!r}")

    def point(self, x, y):
        self.do("mousemove", str(int(x)), str(int(y)))
        time.sleep(0.4)

    def click(self, start, role=None):
        control = self.control(start, role)
        self.point(control["x"], control["y"])
        self.do("click", "1")
        time.sleep(0.4)

    def key(self, *keys):
        self.do("key", *keys)
        time.sleep(0.4)

    def picture(self, name):
        PICTURES.mkdir(parents=True, exist_ok=True)
        # What the state says is on the screen a frame later, and drawing in software is slow.
        time.sleep(1.5)
        path = PICTURES / f"{self.size[0]}_{name}.png"
        subprocess.run(["import", "-window", "root", str(path)], env=self.env, check=False)


def drive(size):
    with tempfile.TemporaryDirectory() as folder:
        w = Window(size, Path(folder))
        try:
            gestures(w)
        finally:
            w.close()


def gestures(w):
    w.picture("opened")
    everything = w.state["trades_shown"]

    cell = w.control("Attention map")
    w.point(cell["x"] - cell["width"] / 4, cell["y"] + cell["height"] / 4)
    w.until("an attention cell under the pointer is hovered", lambda s: s["hover"]["cell"] is not None)
    w.picture("attention")

    w.click("Filter regime 0")
    w.until("the regime filters the trades", lambda s: s["regimes"] == [0] and s["trades_shown"] < everything)
    w.picture("regime")
    w.key("Escape")
    w.until("Esc clears the filter", lambda s: s["regimes"] == [] and s["trades_shown"] == everything)

    before = w.state["trade"]
    w.click("Trades", "Button")
    w.key("p")
    w.until("a trade is selected and explained", lambda s: s["trade"] not in (None, before) and s["explained"] == s["bar"])
    w.picture("trade")

    w.key("ctrl+k")
    w.until("the palette opens", lambda s: s["palette"])
    w.do("type", "--delay", "30", "train workspace")
    time.sleep(0.5)
    w.picture("palette")
    w.key("Return")
    w.until("the palette switches the workspace", lambda s: s["workspace"] == "Train" and not s["palette"])

    bars = ROOT / "sample_data" / "BTCUSDT_4h_binance_20170817-20240101.csv"
    w.key("ctrl+o")
    w.until("the dialog opens", lambda s: s["dialog"])
    w.do("type", "--delay", "5", str(bars))
    w.key("Return")
    w.until("a file is loaded by its path", lambda s: (s["data"] or "").endswith(bars.name) and not s["dialog"], 20)
    w.picture("data")

    no_system_dialog(w)
    drag_and_drop(w)
    w.key("ctrl+Return")
    w.until("training runs", lambda s: any(j["state"] == "Running" and j["total"] for j in s["jobs"]), 60)
    w.until("the curve moves", lambda s: s["live_epochs"] >= 2, 400)
    w.key("ctrl+2")
    time.sleep(1)
    w.picture("training")
    frames = w.read()
    print(f"      frames {frames['frame_ms']} tessellation {frames['tessellation_ms']} memory {frames['rss_mib']:.0f} MiB")
    w.click("Cancel")
    w.until("cancel stops the job", lambda s: any(j["state"] == "Cancelled" for j in s["jobs"]), 30)
    w.picture("cancelled")

    w.key("ctrl+4")
    w.until("the workspace switches", lambda s: s["workspace"] == "Backtest")
    w.picture("backtest")
    w.do("key", "--window", w.window(), "ctrl+q")
    try:
        w.process.wait(20)
    except subprocess.TimeoutExpired:
        raise SystemExit("FAILED: Ctrl+Q does not close the window") from None
    w.start()
    w.until("a restart restores the workspace and lists the run", lambda s: s["workspace"] == "Backtest" and s["runs"] == 1)
    w.picture("restored")


def no_system_dialog(w):
    """Under Xvfb no portal answers and there is no zenity: the dialog says so, and the frames go on."""
    w.key("ctrl+o")
    w.until("the dialog opens again", lambda s: s["dialog"])
    w.click("Choose file")
    w.until("a system without a file dialog gives a sentence", lambda s: "type the path" in (s["dialog_says"] or ""), 40)
    w.picture("no_dialog")
    w.key("Escape")
    w.until("Esc closes the dialog", lambda s: not s["dialog"])


def drag_and_drop(w):
    try:
        from drop_file import Source
    except ImportError:
        print("      python-xlib is not there: nothing was dropped", flush=True)
        return
    x, y = (side // 2 for side in w.size)
    bars = ROOT / "sample_data" / "AAPL_1d_quandl_wiki_20000301-20130301.csv"
    source = Source(DISPLAY, int(w.window()), [bars])
    if not source.enter(x, y):
        raise SystemExit("FAILED: the window takes no files")
    source.rest(0.6)
    w.until("a dragged file is seen", lambda s: s["dragged"] == 1)
    w.picture("dragged")
    source.leave()
    w.until("it may leave again", lambda s: s["dragged"] == 0 and not s["data"].endswith(bars.name))
    source.enter(x, y)
    source.rest(0.3)
    if not source.drop():
        raise SystemExit("FAILED: the window refused the file")
    w.until("the dropped file is looked at", lambda s: s["data"].endswith(bars.name) and s["data_problem"] is None and s["dragged"] == 0, 20)
    w.picture("dropped")
    garbage = w.folder / "garbage.csv"
    garbage.write_bytes(bytes(range(256)) * 20)
    source = Source(DISPLAY, int(w.window()), [garbage])
    source.enter(x, y)
    source.rest(0.3)
    source.drop()
    w.until("dropped garbage gives a sentence", lambda s: "garbage.csv" in (s["data_problem"] or ""), 20)
    w.picture("garbage")
    source = Source(DISPLAY, int(w.window()), [ROOT / "sample_data" / "BTCUSDT_4h_binance_20170817-20240101.csv"])
    source.enter(x, y)
    source.rest(0.3)
    source.drop()
    w.until("the next run takes the dropped file", lambda s: s["data_problem"] is None and "BTCUSDT" in s["data"], 20)


if __name__ == "__main__":
    for size in [(1280, 800), (1920, 1080)]:
        print(f"{size[0]} x {size[1]}")
        drive(size)
    print(f"all gestures hold; pictures in {PICTURES}")
