"""The emulated proxy before the pods: *.proxy.runpod.net.

Built from documentation; proves nothing about the platform. What the pod says passes as it is; what
the proxy says in its place are pages of HTML. Where the documents are silent: a stopped, terminated
or unknown pod answers 404, as a port does that is not open.
"""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from tests.fake_answers import Answer
from tests.runpod.manners import CUT, html
from tests.runpod.pods import EmulatedPod, cut
from tests.runpod.wire import CHUNK, Seen, Wire

OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"}
OF_ONE_HOP |= {"proxy-connection", "proxy-authorization"}
LOOK = 0.02  # seconds between two looks at whether a WebSocket should be cut


class PodProxy(Wire):
    def serve(self) -> None:
        id, _, port = self.host.partition(".")[0].rpartition("-")
        self._seen = Seen(self.host, self.command, self.path, dict(self.headers), b"")
        self.runpod.saw(self._seen)
        self._look_for_key(str(self._seen).encode())
        if self.is_nameless():
            return self.turn_away()
        pod = self.runpod.pod(id)
        if not pod or pod.status != "RUNNING" or not pod.opens(int(port)):
            return self._say(html(404))
        self.runpod.is_over.wait(pod.proxy.delay)
        self._what = f"{self.command} {self.path.partition('?')[0]}"
        instead = pod.proxy.instead(self._what)
        if instead == CUT:
            return self.hang_up()
        if isinstance(instead, Answer):
            return self._say(instead)
        if not pod.has_booted or not pod.server or int(port) != pod.port:
            return self._say(html(502))
        pod.open.add(self.connection)
        try:
            self._pass_on(pod)
        finally:
            pod.open.discard(self.connection)
        return None

    def _say(self, answer: Answer) -> None:
        self.drain()
        self.answer(answer)

    def _pass_on(self, pod: EmulatedPod) -> None:
        assert pod.server
        address = urlsplit(pod.server.url)
        try:
            line = socket.create_connection((address.hostname, address.port), timeout=pod.proxy.patience)
        except OSError:
            return self._say(html(502))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with closing(line):
            if self.headers.get("Upgrade", "").lower() == "websocket":
                return self._tunnel(line, pod)
            return self._forward(line, pod)

    # --- one request and its answer

    def _forward(self, line: socket.socket, pod: EmulatedPod) -> None:
        inner = HTTPConnection("pod")
        inner.sock = line
        with suppress(ConnectionError):  # it may have answered before it had heard all
            self._hand_over(inner)
        self.drain()
        try:
            reply = inner.getresponse()
        except TimeoutError:
            return self.answer(html(524))
        except (OSError, HTTPException):
            return self.answer(html(502))
        if lost := pod.proxy.afterwards(self._what):
            return self.answer(lost)
        return self._bring(reply, pod)

    def _hand_over(self, inner: HTTPConnection) -> None:
        inner.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in OF_ONE_HOP:
                inner.putheader(name, value)
        inner.putheader("Connection", "close")
        is_chunked = self._is_chunked
        if is_chunked:
            inner.putheader("Transfer-Encoding", "chunked")
        inner.endheaders()
        for chunk in self._watched(self.body()):
            inner.send(b"%x\r\n%s\r\n" % (len(chunk), chunk) if is_chunked else chunk)
        if is_chunked:
            inner.send(b"0\r\n\r\n")

    def _bring(self, reply: HTTPResponse, pod: EmulatedPod) -> None:
        has_body = self.command != "HEAD" and reply.status not in (204, 304)
        expected = reply.length if has_body else 0
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.getheaders():
            if name.lower() not in OF_ONE_HOP:
                self.send_header(name, value)
        if expected is None:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        sent, is_whole = 0, True
        for chunk in _pieces(reply) if has_body else ():
            passing = pod.proxy.may_pass(sent, len(chunk))
            chunk, is_whole = chunk[:passing], passing == len(chunk)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if expected is None else chunk)
            self.wfile.flush()
            sent += len(chunk)
            if not is_whole:
                break
        if not is_whole or (expected is not None and sent < expected):
            return self.hang_up()
        if expected is None:
            self.wfile.write(b"0\r\n\r\n")
        return None

    # --- a WebSocket

    def _tunnel(self, line: socket.socket, pod: EmulatedPod) -> None:
        """The handshake is the pod's; from then on bytes go both ways."""
        self.close_connection = True
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        line.sendall(f"{self.requestline}\r\n{head}\r\n".encode("latin-1"))
        began = heard = time.monotonic()
        while not pod.proxy.wants_to_drop(time.monotonic() - began, time.monotonic() - heard):
            near, far = self.connection, line
            ready = [near] if near.pending() else select.select([near, far], [], [], LOOK)[0]
            for one in ready:
                chunk = one.recv(CHUNK)
                if not chunk:
                    return cut(near)
                (far if one is near else near).sendall(chunk)
                heard = time.monotonic()
        return cut(self.connection)

    # --- the key has no business here

    def _watched(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        tail = b""
        for chunk in chunks:
            self._look_for_key(tail + chunk)
            tail = chunk[-len(self.runpod.key) :]
            yield chunk

    def _look_for_key(self, content: bytes) -> None:
        if self.runpod.key.encode() in content and self._seen not in self.runpod.leaks:
            self.runpod.leaks.append(self._seen)


def _pieces(reply: HTTPResponse) -> Iterator[bytes]:
    """An answer as it comes; it ends early when the pod's line breaks."""
    with suppress(OSError, HTTPException):
        while chunk := reply.read1(CHUNK):
            yield chunk
