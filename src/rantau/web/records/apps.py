from django.apps import AppConfig


class Records(AppConfig):
    name = "rantau.web.records"
    label = "records"
    verbose_name = "Chat"
