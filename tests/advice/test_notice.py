"""What a reader is told beside an advice."""

from pytest_django import Settings

from advice.notice import DEMO_MODEL, notice_for


def test_the_demo_model_s_text_says_so_whatever_model_a_client_asked_for(settings: Settings) -> None:
    settings.LLM_MODEL = settings.LLM_ADVICE_MODEL = DEMO_MODEL
    assert "demo model" in notice_for("gpt-5") == notice_for(DEMO_MODEL)
    settings.LLM_MODEL = settings.LLM_ADVICE_MODEL = "gpt-5"
    assert "demo model" not in notice_for("gpt-5")
