#!/usr/bin/env python3
"""Drags files over a window and drops them there, as a file manager would (XDND version 5).

    tests/drop_file.py DISPLAY WINDOW FILE..

Needs python-xlib: pip install python-xlib, or the Debian package python3-xlib.
"""
import select
import sys
import time
from pathlib import Path

from Xlib import X, Xatom, display
from Xlib.protocol import event

VERSION = 5


class Source:
    """Owns the dragged files until the target has taken them."""

    def __init__(self, screen, target, paths):
        self.display = display.Display(screen)
        self.root = self.display.screen().root
        self.window = self.root.create_window(0, 0, 1, 1, 0, X.CopyFromParent, event_mask=X.PropertyChangeMask)
        self.target = self.display.create_resource_object("window", target)
        self.uris = "".join(f"{Path(path).resolve().as_uri()}\r\n" for path in paths).encode()
        self.window.set_selection_owner(self.atom("XdndSelection"), X.CurrentTime)

    def atom(self, name):
        return self.display.intern_atom(name)

    def tell(self, kind, *data):
        data = [self.window.id, *data] + [0] * (4 - len(data))
        message = event.ClientMessage(window=self.target, client_type=self.atom(kind), data=(32, data))
        self.target.send_event(message)
        self.display.flush()

    def serve(self, request):
        """Hands over the list of files."""
        known = request.target == self.atom("text/uri-list")
        if known:
            request.requestor.change_property(request.property, request.target, 8, self.uris)
        answer = event.SelectionNotify(
            time=request.time, requestor=request.requestor, selection=request.selection, target=request.target,
            property=request.property if known else X.NONE,
        )
        request.requestor.send_event(answer)
        self.display.flush()

    def wait(self, kind, seconds=5):
        """The data of the target's next message of this kind; the files are handed over meanwhile."""
        wanted, end = self.atom(kind), time.time() + seconds
        while time.time() < end:
            if not self.display.pending_events():
                select.select([self.display.fileno()], [], [], 0.05)
                continue
            found = self.display.next_event()
            if found.type == X.SelectionRequest:
                self.serve(found)
            elif found.type == X.ClientMessage and found.client_type == wanted:
                return list(found.data[1])
        raise SystemExit(f"FAILED: the window sends no {kind}")

    def enter(self, x, y):
        """Over the window; true if the target would take a drop there."""
        self.tell("XdndEnter", VERSION << 24, self.atom("text/uri-list"), 0, 0)
        return self.move(x, y)

    def move(self, x, y):
        self.tell("XdndPosition", 0, (x << 16) | y, X.CurrentTime, self.atom("XdndActionCopy"))
        return self.wait("XdndStatus")[1] & 1 == 1

    def rest(self, seconds):
        """Keeps handing over while nothing moves."""
        end = time.time() + seconds
        while time.time() < end:
            if self.display.pending_events():
                found = self.display.next_event()
                if found.type == X.SelectionRequest:
                    self.serve(found)
            time.sleep(0.02)

    def leave(self):
        self.tell("XdndLeave")
        self.display.sync()

    def drop(self):
        """True if the target took the files."""
        self.tell("XdndDrop", 0, X.CurrentTime)
        return self.wait("XdndFinished")[1] & 1 == 1


if __name__ == "__main__":
    source = Source(sys.argv[1], int(sys.argv[2], 0), sys.argv[3:])
    if not source.enter(200, 200):
        raise SystemExit("FAILED: the window takes no files")
    source.rest(0.5)
    if not source.drop():
        raise SystemExit("FAILED: the window refused the files")
