"""The whole OAuth flow with fastmcp's client, as its users write it: Client(url, auth="oauth").

Its webbrowser.open() is led to browser.py by $BROWSER; the redirect goes to its own callback server.
"""

import os
import sys
import warnings

here = os.path.dirname(os.path.abspath(__file__))
os.environ["BROWSER"] = f"{sys.executable} {here}/browser.py %s &"
warnings.simplefilter("ignore")

from fastmcp import Client
from fastmcp.client.auth import OAuth
from report import arguments, run


async def main(report):
    wanted = arguments()
    auth = OAuth(callback_timeout=60)
    async with Client(wanted.url, auth=auth) as client:
        report["tools"] = [tool.name for tool in await client.list_tools()]
        answer = await client.call_tool(wanted.tool, wanted.arguments)
        report["call"] = answer.content[0].text
        if wanted.stream_tool:
            report["progress"] = []

            async def progress(done, total, message):
                report["progress"].append(done)

            answer = await client.call_tool(
                wanted.stream_tool, wanted.stream_arguments, progress_handler=progress
            )
            report["stream"] = answer.content[0].text
    report["token"] = auth.context.current_tokens.access_token


run(main)
