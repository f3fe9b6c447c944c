"""The demo model: a local server that speaks the chat-completions wire format and answers from what its prompt holds.

It is no language model. Asked for JSON, it fills the schema by rules from the tagged blocks of the prompt; asked for
text, it assembles advice from the playbook sections and the facts in the prompt, and says in it that it did.
"""
