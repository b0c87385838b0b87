"""The whole OAuth flow with fastmcp's client, as its users write it: Client(url, auth="oauth").

Its webbrowser.open() is led to browser.py by $BROWSER; the redirect goes to its own callback
server.

    --store FOLDER   the registration of an earlier run is used, and kept there for the next
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


def kept_in(folder):
    from pathlib import Path

    from key_value.aio.stores.filetree import (
        FileTreeStore,
        FileTreeV1CollectionSanitizationStrategy,
        FileTreeV1KeySanitizationStrategy,
    )

    place = Path(folder)
    return FileTreeStore(
        data_directory=place,
        key_sanitization_strategy=FileTreeV1KeySanitizationStrategy(place),
        collection_sanitization_strategy=FileTreeV1CollectionSanitizationStrategy(place),
    )


async def main(report):
    wanted = arguments()
    storage = kept_in(wanted.store) if wanted.store else None
    auth = OAuth(callback_timeout=60, token_storage=storage)
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
    report["client"] = auth.context.client_info.client_id
    if storage:
        # Only the registration outlives the run: the next one has to authorize again.
        gone = await storage.delete(key=f"{wanted.url}/tokens", collection="mcp-oauth-token")
        assert gone, "the tokens are kept under another name"


run(main)
