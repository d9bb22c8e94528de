"""The socket of a page: it follows many generations, and stops them. The database is asked before every answer.

What is said goes out as fast as the page takes it: while a frame is on its way nothing is read, so a slow page
costs one frame.
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import Any, Literal
from uuid import UUID

from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import DatabaseError

from rantau.web.delivery.follower import Follower, Missing, Said
from rantau.web.delivery.frames import VERSION, Asked, BadFrame, Frame, asked, frame, line, refusal
from rantau.web.delivery.limits import FOLLOWED_EACH, FRAME_BYTES, Pace, Places
from rantau.web.delivery.lookups import look_up
from rantau.web.delivery.reader import Reader
from rantau.web.delivery.rows import final_of, generation_of
from rantau.web.guard.origin import allowed_scope
from rantau.web.guard.viewer import viewer_of
from rantau.web.health.counts import count
from rantau.web.site import current

SESSION_S, FIRST_SUB_S, IDLE_S = 60.0, 30.0, 600.0
places = Places()
log = logging.getLogger(__name__)
Close = Literal[1003, 1009, 1011, 4401, 4408, 4409, 4429]


class Socket(AsyncWebsocketConsumer):
    """One connection of one person."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._viewer: Any = None
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._followers: list[Follower] = []
        try:
            await super().__call__(scope, receive, send)
        finally:  # also where the connection broke in the middle of an answer
            await self._leave()

    async def connect(self) -> None:
        version = re.fullmatch(r"/ws/v(\d+)", self.scope.get("path", ""))
        if version is None or not allowed_scope(self.scope, current()):
            count("rejected", "origin" if version else "path")
            await self.close()  # before it is accepted: 403
            return
        await self.accept()
        if version[1] != str(VERSION):
            await self._refuse(4409)
            return
        viewer = await look_up(viewer_of, self.scope)
        if viewer is None:
            await self._refuse(4401)
            return
        if not places.take(viewer.pk):
            await self._refuse(4429)
            return
        self._viewer = viewer
        await self._begin()

    async def _begin(self) -> None:
        site = current()
        self._pace, self._wake = Pace(), asyncio.Event()
        self._follower = Follower(Reader(site.broker, pool=site.pool), final_of(self._viewer))
        self._followers.append(self._follower)
        self._used = self._opened = asyncio.get_running_loop().time()
        count("sockets")
        await self._say({"t": "hello", "v": VERSION})
        self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._watch())]

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for follower in self._followers:
            await follower.reader.aclose()
        if self._viewer is not None:
            places.leave(self._viewer.pk)
            self._viewer = None

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._viewer is None or self._closing:
            return
        if text_data is None:
            await self._refuse(1003)
        elif len(text_data) > FRAME_BYTES or len(text_data.encode()) > FRAME_BYTES:
            await self._refuse(1009)
        elif not self._pace.allows():
            await self._refuse(4429)
        elif not await self._is_still_there():
            await self._refuse(4401)
        else:
            try:
                await self._answer(asked(text_data))
            except BadFrame as error:
                count("rejected", error.code)
                await self._say(refusal(error.code))

    async def _answer(self, wanted: Asked) -> None:
        match wanted.kind:
            case "sub":
                await self._follow(wanted)
            case "unsub":
                self._follower.drop(wanted.generation)
            case "stop":
                await self._stop(wanted.generation)

    async def _follow(self, wanted: Asked) -> None:
        followed = self._follower.followed
        if wanted.generation not in followed and len(followed) >= FOLLOWED_EACH:
            await self._say(refusal("too_many", wanted.generation))
            return
        if await self._owns(wanted.generation):
            if wanted.after > (0, 0):
                count("resumed")
            self._follower.follow(wanted.generation, wanted.after)
            self._wake.set()

    async def _owns(self, generation: str) -> bool:
        try:
            await look_up(generation_of, self._viewer, generation)
        except Missing:
            count("rejected", "not_found")
            await self._say(refusal("not_found", generation))
            return False
        return True

    async def _stop(self, generation: str) -> None:
        from rantau.web.talks.rejected import Rejected
        from rantau.web.talks.stopping import stop

        if not await self._owns(generation):
            return
        try:
            state = await look_up(stop, self._viewer, UUID(generation))
        except Rejected as refused:
            await self._say(refusal(refused.code, generation, refused.retry_s))
            return
        await self._say({"t": "st", "gen": generation, "state": state})

    async def _is_still_there(self) -> bool:
        """Whether the session lives: it may have been ended elsewhere, or the password changed."""
        viewer = await look_up(viewer_of, self.scope)
        return viewer is not None and viewer.pk == self._viewer.pk

    async def _tell(self) -> None:
        """Sends what there is to tell. Between answers no connection to the broker is held."""
        follower, clock = self._follower, asyncio.get_running_loop().time
        try:
            while True:
                self._wake.clear()
                if not follower.followed:
                    await follower.reader.aclose()
                    await self._wake.wait()
                self._used = clock()
                for told in await follower.next():
                    if not isinstance(told, Said) or told.entries:
                        await self._say(frame(told))
        except Exception as error:
            left = type(error).__name__ == "ClientDisconnected"  # the server's word for a page that is not there
            if not (left or self._closing):
                log.exception("a socket's answers broke off")
                await self._refuse(1011)

    async def _watch(self) -> None:
        """Closes what nobody uses, and what a person has signed out of."""
        clock = asyncio.get_running_loop().time
        checked = clock()
        while not self._closing:
            await asyncio.sleep(min(SESSION_S, FIRST_SUB_S) / 4)
            now, never = clock(), self._used == self._opened
            if now - self._used > (FIRST_SUB_S if never else IDLE_S):
                await self._refuse(4408)
            elif now - checked >= SESSION_S:
                checked = now
                await self._check()

    async def _check(self) -> None:
        try:
            if not await self._is_still_there():
                await self._refuse(4401)
        except DatabaseError:
            await self._refuse(1011)  # nobody knows; the page comes again

    async def _say(self, said: Frame) -> None:
        if not self._closing:
            await self.send(line(said))

    async def _refuse(self, code: Close) -> None:
        if not self._closing:
            self._closing = True
            count("rejected", str(code))
            await self.close(code)


application = Socket.as_asgi()
