/// An MCP server of a few lines of Python, over its standard streams or HTTP+SSE, that misbehaves as it is told.
enum LineServer {
    /// The command that runs it with these words, of which the first is its mode.
    static func command(_ words: String...) -> [String] { ["python3", "-c", script] + words }

    private static let script = #"""
        import json, os, queue, signal, subprocess, sys, threading, time
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        words = sys.argv[1:] or ["legacy"]
        mode = words[0]
        asked, cancelled = {}, []

        def result(send, m, r):
            if mode == "modern": r["resultType"] = "complete"
            send({"jsonrpc": "2.0", "id": m["id"], "result": r})

        def text(send, m, t): result(send, m, {"content": [{"type": "text", "text": t}]})

        def call(m, send):
            p = m["params"]; a = p.get("arguments") or {}; name = p["name"]
            if name == "echo": text(send, m, a.get("text", ""))
            elif name == "raw": text(send, m, json.dumps(m))
            elif name == "environment": text(send, m, json.dumps(dict(os.environ)))
            elif name == "directory": text(send, m, os.getcwd())
            elif name == "pid": text(send, m, str(os.getpid()))
            elif name == "cancelled": text(send, m, json.dumps(cancelled))
            elif name == "big": text(send, m, "x" * a["bytes"])
            elif name == "crash": os._exit(3)
            elif name == "sleep": time.sleep(a["seconds"]); text(send, m, "slept")
            elif name == "ask":
                for method in ["ping", "roots/list"]:
                    key = "ask-%s-%s" % (m["id"], method)
                    asked[key] = queue.Queue()
                    send({"jsonrpc": "2.0", "id": key, "method": method})
                text(send, m, json.dumps([asked["ask-%s-%s" % (m["id"], x)].get(timeout=20) for x in ["ping", "roots/list"]]))
            elif name == "progress":
                for i in (1, 2, 3):
                    send({"jsonrpc": "2.0", "method": "notifications/progress",
                          "params": {"progressToken": p["_meta"]["progressToken"], "progress": i}})
                text(send, m, "done")
            elif name == "change":
                n = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
                if mode == "modern":
                    n["params"] = {"_meta": {"io.modelcontextprotocol/subscriptionId": listening[0]}}
                send(n); text(send, m, "changed")
            elif name == "child":
                c = subprocess.Popen(["sleep", "600"]); text(send, m, str(c.pid))
            elif name == "silence": pass
            else: send({"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32602, "message": "no such tool"}})

        listening = []

        def handle(m, send):
            method = m.get("method")
            if method is None:
                if m["id"] in asked: asked[m["id"]].put(m)
            elif method == "server/discover":
                if mode == "silent": return
                if mode == "modern":
                    result(send, m, {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {"listChanged": True}}})
                else: send({"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32601, "message": "unknown"}})
            elif method == "initialize":
                if mode == "modern": send({"jsonrpc": "2.0", "id": m["id"], "error": {"code": -32601, "message": "unknown"}})
                else: result(send, m, {"protocolVersion": "2025-06-18", "capabilities": {"tools": {"listChanged": True}},
                                       "serverInfo": {"name": "lines", "version": "1"}})
            elif method == "subscriptions/listen":
                listening.append(m["id"])
                send({"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged", "params": {
                    "notifications": {"toolsListChanged": True}, "_meta": {"io.modelcontextprotocol/subscriptionId": m["id"]}}})
            elif method == "ping": result(send, m, {})
            elif method == "tools/list":
                result(send, m, {"tools": [{"name": "echo", "inputSchema": {"type": "object"}}]})
            elif method == "notifications/cancelled": cancelled.append(m["params"]["requestId"])
            elif method == "tools/call": threading.Thread(target=call, args=(m, send), daemon=True).start()

        lock = threading.Lock()
        def write(m):
            with lock:
                if mode == "garbage": sys.stdout.write("hello, this is no JSON\n\n[1]\n\xe9\n{\"jsonrpc\":\"2.0\"}\n")
                sys.stdout.write(json.dumps(m) + "\n"); sys.stdout.flush()

        class Http(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            streams = {}
            def log_message(self, *a): pass
            def do_GET(self):
                key = str(len(Http.streams)); Http.streams[key] = q = queue.Queue()
                self.send_response(200); self.send_header("Content-Type", "text/event-stream"); self.end_headers()
                target = words[2] if len(words) > 2 else "/messages?session=" + key
                self.wfile.write(("event: endpoint\ndata: %s\n\n" % target).encode()); self.wfile.flush()
                while True:
                    m = q.get()
                    if m is None: break
                    self.wfile.write(("event: message\ndata: %s\n\n" % json.dumps(m)).encode()); self.wfile.flush()
                self.close_connection = True
            def do_POST(self):
                m = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                key = self.path.partition("session=")[2]
                q = Http.streams.get(key)
                self.send_response(202 if q else 404); self.send_header("Content-Length", "0"); self.end_headers(); self.wfile.flush()
                if q is None: return
                if m.get("method") == "tools/call" and m["params"]["name"] == "hangup":
                    del Http.streams[key]; q.put(None); return
                handle(m, q.put)

        if mode == "sse":
            ThreadingHTTPServer(("127.0.0.1", int(words[1])), Http).serve_forever()
        if mode == "stubborn": signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if mode == "late": time.sleep(float(words[1]))
        if mode == "broken": sys.exit("no")
        for line in sys.stdin:
            m = json.loads(line)
            print("read", m.get("method"), file=sys.stderr)
            handle(m, write)
            if mode == "deaf" and m.get("method") == "tools/list":
                while True: time.sleep(60)
        if mode == "stubborn":
            while True: time.sleep(60)
        """#
}
