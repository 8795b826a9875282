"""Files over the real app: what a model is sent, what is refused, and nothing lies in clear."""

import base64
import json
import random
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.core.attachments.made import pdf, picture, saved, seen
from tests.e2e.test_chat import answer_of, follow
from tests.harness.canaries import Cage, in_files
from tests.harness.scripted_model import Question, ScriptedModel, Text
from tests.harness.studio import StudioServer


def reads(question: Question) -> Any:
    """A model that says that it has read."""
    yield Text("I have read it.")


def talk(studio: StudioServer) -> str:
    """A new conversation's path."""
    return f"/api/conversations/{studio.post('/api/conversations', {})['conversation_id']}"


def attach(studio: StudioServer, path: str, name: str, data: bytes) -> httpx.Response:
    """Attach a file; what is answered."""
    return studio.http.post(
        f"{path}/attachments", params={"name": name}, content=data, headers=studio.owner()
    )


def attached(studio: StudioServer, path: str, name: str, data: bytes) -> dict[str, Any]:
    """The same, for a file that is taken."""
    answer = attach(studio, path, name, data)
    assert answer.status_code == 201, answer.text
    taken: dict[str, Any] = answer.json()
    return taken


def ask(
    studio: StudioServer, path: str, model: str, text: str, *files: dict[str, Any]
) -> dict[str, Any]:
    """A question with files, answered to its end: the answer."""
    named = [one["id"] for one in files]
    said = studio.post(f"{path}/messages", {"text": text, "attachments": named})
    begun = studio.post(f"{path}/replies", {"model": model, "to": said["message_id"]})
    for _ in follow(studio, path, begun["reply_id"]):
        pass
    return answer_of(studio, path)


def test_a_model_is_sent_what_was_attached(studio: StudioServer) -> None:
    """A paper as text in a block, a photograph upright as a part; again after a restart."""
    photo = picture("JPEG", (3000, 1500), exif=_turned())
    with ScriptedModel(reads) as model:
        studio.add(model.recipe("reads"))
        path = talk(studio)
        paper = attached(studio, path, "../paper.pdf", pdf("Rust never sleeps", "Neither do we"))
        shot = attached(studio, path, "shot.jpg", photo)
        assert (paper["name"], paper["pages"], paper["kind"]) == ("paper.pdf", 2, "pdf")
        assert (shot["width"], shot["height"]) == (768, 1536)
        assert shot["scaled_from"] == [1500, 3000]
        answer = ask(studio, path, "reads", "What is it?", paper, shot)
        assert answer["text"] == "I have read it."
        [message] = model.asked[-1].messages
        block, part, question = message["content"]
        assert "[page 2 of 2]\nNeither do we" in block["text"]
        assert question == {"type": "text", "text": "What is it?"}
        sent = base64.b64decode(part["image_url"]["url"].partition("base64,")[2])
        assert seen(sent).size == (768, 1536)
        studio.ask_to_quit()
        studio.wait()
        studio.start()
        studio.wait_for_gateway()  # as the tests after this one find it
        after = answer_of(studio, path)["message_id"]
        more = {"text": "And again?", "after": after}
        asked = studio.post(f"{path}/messages", more)["message_id"]
        begun = studio.post(f"{path}/replies", {"model": "reads", "to": asked})
        assert list(follow(studio, path, begun["reply_id"]))
        assert model.asked[-1].messages[0]["content"] == message["content"]


def test_a_body_of_many_megabytes_reaches_the_model(studio: StudioServer) -> None:
    """Twenty pictures that can not be packed are what somebody may send at once."""
    noise = _noise(1500)
    assert len(noise) > 2 * 2**20
    with ScriptedModel(reads) as model:
        studio.add(model.recipe("reads-much"))
        path = talk(studio)
        files = [attached(studio, path, f"{number}.png", noise) for number in range(12)]
        answer = ask(studio, path, "reads-much", "", *files)
        assert answer["outcome"] == "whole", answer
        [message] = model.asked[-1].messages
        assert len(message["content"]) == 12
        assert len(json.dumps(message)) > 20 * 2**20


def test_what_is_refused_says_why_and_what_to_do(studio: StudioServer) -> None:
    """As problem details, at the door; a message with nothing in it, too."""
    path = talk(studio)
    for name, data, code in (
        ("scan.pdf", pdf(""), "pdf-scanned"),
        ("all.zip", b"PK\x03\x04" + bytes(99), "binary-file"),
        ("empty.txt", b"", "file-empty"),
        ("vast.pdf", bytes(51 * 2**20), "file-too-large"),
    ):
        answer = attach(studio, path, name, data)
        assert answer.status_code == 400, answer.text
        assert answer.json()["code"] == code
    assert attach(studio, "/api/conversations/none", "a.txt", b"a").status_code == 404
    with pytest.raises(AssertionError, match="says something"):
        studio.post(f"{path}/messages", {"text": " "})
    with pytest.raises(AssertionError, match="no such attachment"):
        studio.post(f"{path}/messages", {"text": "a", "attachments": ["0" * 64]})
    stranger = studio.http.post(f"{path}/attachments", params={"name": "a.txt"}, content=b"a")
    assert stranger.status_code == 403


def test_what_it_takes_is_known_before_it_is_sent(studio: StudioServer) -> None:
    """Counted by an engine that counts; otherwise an estimate that says so; eyes are unknown."""
    with ScriptedModel(reads) as model:
        studio.add(model.recipe("reads-too"))
        path = talk(studio)
        notes = attached(studio, path, "notes.txt", b"words " * 400)
        shot = attached(studio, path, "shot.png", picture("PNG", (280, 280)))
        wish = {"model": "reads-too", "text": "What?", "attachments": [notes["id"], shot["id"]]}
        cost = studio.post(f"{path}/attachments/cost", wish)
        assert (cost["sees"], cost["exact"]) == ("unknown", False)
        assert [one["tokens"] for one in cost["files"]][1] == 100
        assert 500 < cost["tokens"] < 900


def test_nothing_of_a_file_lies_in_clear_and_an_erasure_takes_it(studio: StudioServer) -> None:
    """Searched in every file of the home while it is there, and after; and never in a cache."""
    cage = Cage()
    name, words, said = (cage.new(what) for what in ("name", "words", "said"))
    with ScriptedModel(reads) as model:
        studio.add(model.recipe("reads-quietly"))
        path = talk(studio)
        notes = attached(studio, path, f"{name}.txt", words.encode())
        paper = attached(studio, path, f"{name}.pdf", pdf(words))
        attach(studio, path, f"{name}.bin", bytes(64) + words.encode())
        ask(studio, path, "reads-quietly", said, notes, paper)
        assert words in str(model.asked[-1].messages)
        file = studio.http.get(f"{path}/attachments/{notes['id']}", headers=studio.owner())
        assert file.content == words.encode()
        assert file.headers["cache-control"] == "private, no-store"
        assert "sandbox" in file.headers["content-security-policy"]
        assert file.headers["content-type"] == "application/octet-stream"
        assert studio.http.get(f"{path}/attachments/{notes['id']}").status_code == 403
        assert in_files(studio.home, cage) == {}
        files = studio.home / "blobs" / f"conversation-{path.rpartition('/')[2]}"
        assert files.is_dir()
        studio.http.delete(path, headers=studio.owner()).raise_for_status()
        assert not files.exists()
        assert in_files(studio.home, cage) == {}


def _turned() -> Any:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def _noise(side: int) -> bytes:
    pixels = random.Random(7).randbytes(side * side)
    return saved(Image.frombytes("L", (side, side), pixels), "PNG")
