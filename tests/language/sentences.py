"""One real sentence a language: NusaX for five, UD_Korean-GSD for Korean (both CC BY-SA 4.0)."""

SENTENCES = {
    "ind": "Kangkungnya lumayan tapi kepiting saus padangnya mengecewakan kami dikasih kepiting yang kopong "
    "akhir kami tidak makan keptingnya dan dikembalikan.",
    "eng": "The water spinach was alright but the crab with Padang sauce was disappointing. "
    "We were given a hollow crab.",
    "jav": "Kangkunge lumayan nanging yuyu saus padange nguciwakake dhewe dikei yuyu sing kopong akhir dhewe "
    "ora mangan yuyune lan dibalekake.",
    "sun": "Kangkungna lumayan mung kepiting saos padangna nguciwakeun arurang dipasihan kepiting anu kopong "
    "ahirna arurang teu tuang kepitingna sareng dibalikkeun.",
    "min": "Kangkuangnyo lumayan tapi kapitiang saus padangnyo mangecewaan kami diagiah kapitiang yang "
    "kopong akhiar kami ndak makan kapitiang dan dibaliakan.",
    "kor": "축협에서 직접 운영하는 한우고기집입니다.",
}
