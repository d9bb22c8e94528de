"""Tables of the chat."""

from rantau.web.records.models.arena import Battle, Vote
from rantau.web.records.models.people import ApiKey, Preference
from rantau.web.records.models.reactions import Feedback, Share
from rantau.web.records.models.talks import Generation, Message, Talk

__all__ = ["ApiKey", "Battle", "Feedback", "Generation", "Message", "Preference", "Share", "Talk", "Vote"]
