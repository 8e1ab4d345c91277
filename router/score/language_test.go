package score

import "testing"

func TestLanguage(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "12345 !!": "", "xyzzy plugh": "",
		"What is the capital of France?":                                   "en",
		"Was ist die Hauptstadt von Frankreich?":                           "de",
		"Quelle est la capitale de la France ?":                            "fr",
		"¿Cuál es la capital de Francia?":                                  "es",
		"Qual é a capital da França? Não sei.":                             "pt",
		"Qual è la capitale della Francia?":                                "it",
		"Wat is de hoofdstad van het land?":                                "nl",
		"Vad är huvudstaden och hur stor är den?":                          "sv",
		"Jak się nazywa stolica i gdzie to jest?":                          "pl",
		"Bu şehir nasıl bir yer ve neden ünlü?":                            "tr",
		"Какая столица Франции?":                                           "ru",
		"Яке місто є столицею України?":                                    "uk",
		"Ποια είναι η πρωτεύουσα;":                                         "el",
		"ما هي عاصمة فرنسا؟":                                               "ar",
		"پایتخت فرانسه چیست؟ لطفاً بگو که چگونه است":                       "fa",
		"מהי בירת צרפת?":                                                   "he",
		"फ्रांस की राजधानी क्या है?":                                       "hi",
		"เมืองหลวงของฝรั่งเศสคืออะไร":                                      "th",
		"法国的首都是哪里？":                                                        "zh",
		"フランスの首都はどこですか":                                                    "ja",
		"프랑스의 수도는 어디입니까?":                                                  "ko",
		"Translate 法国 to English, please, and explain what the word means": "en",
	} {
		if got := Language(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
