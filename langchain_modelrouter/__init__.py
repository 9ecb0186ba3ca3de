"""One LangChain chat model that routes each call, survives outages and says what it cost."""
