"""Texts whose characters take several tokens in a byte-level vocabulary."""

SCRIPTS = {
    "Indonesian": "Selamat pagi, apa kabar? Harga cabai naik 12,5 persen.",
    "Thai": "สวัสดีตอนเช้า วันนี้อากาศดีมาก",
    "Hindi": "नमस्ते दुनिया, आप कैसे हैं?",
    "emoji": "keluarga 👩‍👩‍👧‍👦 dan bendera 🇮🇩 👍🏽!",
    "Javanese": "ꦲꦏ꧀ꦱꦫꦗꦮ ꦱꦸꦒꦼꦁꦫꦮꦸꦃ",
    "Korean": "안녕하세요, 서울은 오늘 맑습니다.",
}
