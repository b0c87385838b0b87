"""A real MCP server, made with the `mcp` SDK 2.x: sdk_server.py PORT"""

import sys

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

server = MCPServer("sdk", version="1.0", log_level="WARNING")


@server.tool()
def add(a: int, b: int) -> int:
    """Add two integers."""
    return a + b


@server.tool()
async def slow(steps: int, delay: float, ctx: Context) -> str:
    """Report progress for each step."""
    for step in range(1, steps + 1):
        await ctx.report_progress(step, steps, f"step {step}")
        await anyio.sleep(delay)
    return "done"


@server.tool()
def headers(ctx: Context) -> dict:
    """The fields of the request as they arrived."""
    request = ctx.request_context.request
    return dict(request.headers) if request is not None else {}


server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
