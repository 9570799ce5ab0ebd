"""Settings, read once from the environment (`POTICA_*`) and an optional `.env` file."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

EncoderRuntime = Literal["onnx", "torch"]


class Settings(BaseSettings):
    """All that can be set. Every field can be given as `POTICA_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="POTICA_", env_file=".env", extra="ignore")

    home: Path = Path("var")
    database_url: str = ""  # empty: sqlite file in `home`
    content_dir: Path = Path("content")
    languages: tuple[str, ...] = ("en", "pl", "cs", "sl", "hu")
    default_language: str = "en"

    # Encoder: "packaged" (multilingual-e5-small), "st:<model>", "http:<model>"
    encoder: str = "packaged"
    encoder_runtime: EncoderRuntime = "onnx"
    encoder_threads: int = Field(default=2, ge=1, le=64)
    encoder_url: str = ""
    encoder_api_key: str = ""

    # Optional generator: any OpenAI-compatible endpoint
    generator_url: str = ""
    generator_model: str = ""
    generator_api_key: str = ""
    generator_timeout: float = Field(default=2.0, gt=0, le=30)  # seconds

    # Whoever reaches the server may read and write everything; False: public reading only.
    open_access: bool = True
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    log_level: str = "INFO"

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'potica.db'}"

    @property
    def models_dir(self) -> Path:
        return self.home / "models"

    @property
    def index_dir(self) -> Path:
        return self.home / "index"


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings; read once."""
    return Settings()
