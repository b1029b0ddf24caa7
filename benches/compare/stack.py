"""What a team would otherwise run: FastAPI, pypdf, pandas over openpyxl, LangChain's splitter, chromadb, the OpenAI client.

Written as their manuals show it, with what they make easy: one collection, the splitter at 1000 characters with 200 of
overlap, batches of 32 to the embedder, connections kept. `rag` reads and answers; `api` knows users.
"""

import hashlib
import io
import os
import sqlite3
import time

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

BATCH = 32
TOP = 6


def rag():
    import chromadb
    import pandas
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from openai import OpenAI
    from pypdf import PdfReader

    app = FastAPI()
    settings = chromadb.Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient(os.environ["STORE"], settings=settings)
    collection = client.get_or_create_collection("materials", embedding_function=None, metadata={"hnsw:space": "cosine"})
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    embedder = OpenAI(base_url=os.environ["EMBEDDER"], api_key="none") if os.environ.get("EMBEDDER") else None
    model = os.environ.get("MODEL", "")

    def embed(texts):
        return [one.embedding for one in embedder.embeddings.create(model=model, input=texts).data]

    def read(name, data):
        if name.endswith(".pdf"):
            return [(f"p. {at + 1}", page.extract_text()) for at, page in enumerate(PdfReader(io.BytesIO(data)).pages)]
        sheets = pandas.read_excel(io.BytesIO(data), sheet_name=None)
        return [(sheet, frame.to_csv(index=False)) for sheet, frame in sheets.items()]

    @app.get("/health")
    def health():
        return {"status": "healthy"}

    @app.put("/materials/{name}")
    async def send(name: str, request: Request):
        data = await request.body()
        from starlette.concurrency import run_in_threadpool

        return await run_in_threadpool(keep, name, data)

    def keep(name, data):
        parts = [(place, text) for place, page in read(name, data) for text in splitter.split_text(page)]
        # Without an embedder the text alone is read and cut: nothing is kept of it.
        if embedder:
            for start in range(0, len(parts), BATCH):
                some = parts[start : start + BATCH]
                collection.add(
                    ids=[f"{name}-{start + at}" for at in range(len(some))],
                    documents=[text for _, text in some],
                    embeddings=embed([text for _, text in some]),
                    metadatas=[{"source": name, "place": place} for place, _ in some],
                )
        return {"chunks": len(parts)}

    class Question(BaseModel):
        question: str

    @app.post("/query")
    def query(asked: Question):
        found = collection.query(query_embeddings=embed([asked.question]), n_results=TOP)
        sources = zip(found["documents"][0], found["metadatas"][0], found["distances"][0])
        return {"sources": [{"chunk": text, **place, "score": 1 - distance} for text, place, distance in sources]}

    return app


def api():
    import jwt

    app = FastAPI()
    secret = os.environ["JWT_SECRET_KEY"]
    store = sqlite3.connect(os.environ["STORE"], check_same_thread=False)
    store.execute("CREATE TABLE IF NOT EXISTS users (username TEXT PRIMARY KEY, password TEXT, role TEXT, active INTEGER)")
    store.execute("INSERT OR IGNORE INTO users VALUES ('admin', ?, 'admin', 1)", (hashlib.sha256(b"x").hexdigest(),))
    store.commit()

    # `async`, so that the framework does not hand each request to a thread.
    async def user(credentials: HTTPAuthorizationCredentials = Depends(HTTPBearer())):
        try:
            name = jwt.decode(credentials.credentials, secret, algorithms=["HS256"])["sub"]
        except jwt.InvalidTokenError as error:
            raise HTTPException(401) from error
        row = store.execute("SELECT username, role, active FROM users WHERE username = ?", (name,)).fetchone()
        if row is None or not row[2]:
            raise HTTPException(401)
        return {"username": row[0], "role": row[1]}

    @app.get("/health")
    async def health():
        return {"status": "healthy"}

    @app.get("/token")
    async def token():
        return {"access_token": jwt.encode({"sub": "admin", "exp": int(time.time()) + 3600}, secret, algorithm="HS256")}

    @app.get("/auth/me")
    async def me(who: dict = Depends(user)):
        return who

    return app
