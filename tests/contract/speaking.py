"""An agent that speaks all protocols of the service on one port, for the tests of protocols and sessions."""

SPEAKING = """
import asyncio, json, os, pathlib, time

from aiohttp import WSCloseCode, web

import own

HERE = pathlib.Path(__file__).parent
while (HERE / "hold").exists():
    time.sleep(0.02)
calls = 0

def seen(request):
    return {k.lower(): v for k, v in request.headers.items()}

async def ping(request):
    busy = HERE / "busy"
    return web.json_response({"status": "HealthyBusy" if busy.exists() else "Healthy"})

async def invoke(request):
    global calls
    asked = json.loads(await request.read() or b"{}")
    if "status" in asked:
        return web.json_response({}, status=asked["status"])
    calls += 1
    if asked.get("hang"):
        (HERE / "hanging").touch()
        await asyncio.sleep(600)
    if asked.get("stream"):
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await answer.write(b"data: 0\\n\\n")
        await asyncio.sleep(600)
    body = {"generation": own.GENERATION, "calls": calls, "pid": os.getpid(), "path": request.path, "asked": asked}
    return web.json_response(body | {"headers": seen(request)})

async def card(request):
    return web.json_response({"name": "speaking", "headers": seen(request)})

async def socket(request):
    if (HERE / "no-sockets").exists():
        return web.Response(status=503)
    ws = web.WebSocketResponse(max_msg_size=0, protocols=("chat",))
    await ws.prepare(request)
    async for message in ws:
        if message.type.name == "BINARY":
            await ws.send_bytes(message.data)
            continue
        word, _, rest = message.data.partition(" ")
        if word == "close":
            code, _, reason = rest.partition(" ")
            await ws.close(code=int(code), message=reason.encode())
        elif word == "big":
            await ws.send_str("b" * int(rest))
        elif word == "size":
            await ws.send_str(str(len(rest)))
        elif word == "headers":
            await ws.send_json(seen(request))
        elif word == "flood":
            (HERE / "flooding").touch()
            for _ in range(int(rest)):
                await ws.send_bytes(b"f" * 60_000)
                (HERE / "flooding").write_text(str(_))
        else:
            await ws.send_str(message.data)
    (HERE / "closed").write_text(str(ws.close_code))
    return ws

app = web.Application(client_max_size=2**30)
app.router.add_get("/ping", ping)
app.router.add_get("/ws", socket)
app.router.add_get("/.well-known/agent-card.json", card)
for path in ("/invocations", "/mcp", "/"):
    app.router.add_post(path, invoke)
web.run_app(app, host=os.environ["HOST"], port=int(os.environ["PORT"]), print=None, handle_signals=True)
"""
