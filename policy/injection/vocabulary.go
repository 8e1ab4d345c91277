//nolint:misspell // words of other languages, and common slips
package injection

// vocabulary is what injections are worded with, by class: English and German in breadth, the other languages with the
// words that orders to a model need. A star at the end marks a stem.
var vocabulary = map[class]string{
	wOverride: `vergesse ignoriere ignorier ignorieren ignorierst ignorire disregard dismiss abandon vergesst vergessen vergis unbeachtet ignore
		forget unlearn vergiss* vergiß missacht* verwirf ignorez oublie oubliez négligez néglige ignora ignoren ignorad olvida olvide
		olviden olvídate dimentica dimenticate ignorate trascura esqueça esquece esquecer desconsidere desconsidera negeer vergeet negeren
		zignoruj ignoruj zapomnij pomiń игнориру* проигнориру* забудь* забыть отбрось zapomeň görmezden unut yoksay 忽略 忽视 无视 無視 忘记 忘掉 不要理会
		不理会 無視し 忘れ 무시 무시하고 잊어 잊고 무시해 무시하라 تجاهل انس نظرانداز अनदेखा भूल บริบท discard`,
	wDrop: `leave lass lasst skip erase delete drop omit cancel cancelled overlook neglect überspring* lösche löschen streich* discard*
		descarta`,
	wBypass: `brich breche break bypass circumvent override overrule overwrite disable deactivate disengage violate evade escape umgehe umgehen
		überschreibe deaktivier* ausschalten contourne contourner désactive eludir desactiva anula aggira disattiva contorne desative
		omzeil obejdź wyłącz обойди отключи devre 绕过 覆盖 禁用 回避 無効 우회 비활성화`,
	wPrior: `old alten alte oberen bisherig* damalig* previous* prior above earlier preceding foregoing before former past initial original
		aforementioned vorherig* vorige* obige* davor zuvor vorher vorangegang* vorangehend* vorstehend* früher* ursprünglich* précédent*
		antérieur* dessus avant anterior* previas previos previo previa arriba antes precedent* sopra prima voorgaande bovenstaande eerdere
		hierboven poprzedni* wcześniejsz* powyższ* предыдущ* прежн* прошл* вышеуказ* ранее předchoz* önceki yukarıdaki 之前 以前 先前 上面 以上 前面 上述
		以前の 前の これまでの 上記 이전 위의 앞의 السابقة السابق पिछले पिछली`,
	wBefore: `oben before above prior previously beforehand preceding davor vorher zuvor bisher bislang avant antes hasta arriba prima finora até
		voor przed dotąd до 之前 以上 到目前为止 前 以前 上 이전 앞 vor far über`,
	wStart: `begin start started starting beginning top first initially anfang beginn beginne beginnend starte début commençant principio
		comienzo inizio começo início początk* начал* baş 开头 开始 最初 冒頭 처음 시작`,
	wAll: `all any every everything anything whatever entire whole each both alle alles allen aller jede jeden jegliche* sämtliche* ganze*
		gesamte* tout toutes tous toute todo todas todos toda tutto tutte tutti wszystk* все всё всех всe tüm bütün všechn* 所有 全部 一切 すべて 全て
		全ての すべての 모든 جميع كل सभी rest full complete`,
	wThings: `everything anything alles tout todo tutto tudo wszystko всё все 一切 すべて 全部 모든`,
	wTarget: `programming programmierung training safety commands orders instrution* role purpose guidance weisung* auflagen instruction* rule
		rules guideline* directive* direction directions prompt prompts constraint* policy policies restriction* safeguard* anweisung*
		instruktion* regel regeln befehl* vorgabe* richtlinie* vorschrift* aufträge auftrag consigne* règle* ordres instruccion*
		instrucción orden órdenes ordenes regla reglas indicacion* directric* directivas istruzion* regole ordini comandi direttive
		instruções instrução regras ordens diretrizes instructies opdracht* regels aanwijzing* instrukcj* polece* zasad* reguł* инструкц*
		указан* правил* команд* приказ* talimat* kural* pokyn* instrukce 指令 指示 规则 規則 命令 提示 提示词 约束 ルール プロンプト 명령 지시 지시사항 지침 규칙 التعليمات
		الأوامر تعليمات निर्देश निर्देशों`,
	wPrompt: `promt promts instruction* rules directives directive vorgaben vorgabe regeln configuration konfiguration befehle briefing prompt
		prompts preprompt systemprompt metaprompt prompttext eingabeaufforderung промпт* промт* 提示词 提示 プロンプト 프롬프트 anweisung* instruktion*
		guideline* consignes instruccion* istruzion* instruções instrukcj* инструкц*`,
	wSystem: `secret secrete preset system systemprompt initial hidden internal original underlying starting confidential core systemnachricht
		geheim* versteckt* ursprünglich* anfänglich* initiale* ersten système caché sistema oculto inicial interno nascosto iniziale
		systemow* систем* скрыт* начальн* sistem 系统 隐藏 初始 システム 初期 隠し 시스템 초기 숨겨진 النظام`,
	wText: `article articles report text texts word words sentence* message* conversation* context content contents line lines paragraph* chat
		history everything information info texte wörter worte wort satz sätze nachricht* gespräch* kontext zeile zeilen inhalt*
		informationen contexte mots texto contexto conversación mensajes palabras testo contesto messaggi conversa palavras mensagens tekst
		gesprek kontekst wiadomości текст сообщени* контекст слов* сказал* bağlam metin 内容 文本 对话 上下文 文字 内容を 会話 文章 대화 내용 문맥 النص المحادثة`,
	wData: `emails mails contacts messages news articles documents nachrichten artikel bericht report data input document file text context
		email article examples daten eingabe dokument* datei beispiele données entrée datos entrada dati dados dane данн* 数据 输入 文档 データ 入力
		데이터 입력`,
	wTask: `something thing assignment exercise anderes etwas neues task tasks job question questions instruction* mission order command
		aufgabe* auftrag frage fragen befehl* ziel anweisung* tâche* tarea* pregunta* objetivo compito domanda tarefa pergunta taak vraag
		opdracht zadani* pytani* задани* задач* вопрос* görev 任务 问题 タスク 質問 課題 작업 질문 임무 المهمة`,
	wJob: `review reviews translation classification summary article translating classifying summarizing summarising question questions task
		tasks job assignment text document email bewertung übersetzung klassifizierung zusammenfassung artikel frage aufgabe traduction
		résumé traducción resumen traduzione riassunto`,
	wNew: `new next another other different following additional neue* nächste* andere* weitere* folgende* neu nouvelle* nouveau autre
		suivante nuev* siguiente* otra otro nuov* altra altro prossim* nova novo outra nieuwe volgende now нов следующ* друг* yeni 新 新的 下一个
		以下 新しい 次の 새로운 다음 جديدة नया`,
	wReal: `actual real true genuine proper eigentlich* wahre* echte* véritable verdader* réel* vero vera 真正 本当の 진짜`,
	wChange: `test wrong erased gone falsch gelöscht fake deleted void invalid obsolete changed cancelled canceled overridden suspended outdated
		mistake lifted revoked replaced ungültig geändert aufgehoben hinfällig veraltet annulé* anulad* annullat* недействит* 无效 作废 無効`,
	wNow: `onward now henceforth onwards hereafter currently jetzt nun ab sofort fortan künftig maintenant désormais dorénavant ahora adelante
		ora adesso agora nu teraz отныне теперь сейчас artık şimdi 现在 从现在 今から これから 지금 이제 الآن`,
	wInstead: `instead rather stattdessen lieber anstatt statt anstelle plutôt lieu lugar vez invece piuttosto in plaats zamiast вместо yerine 而是
		改为 代わりに 대신`,
	wEnd: `last letzte letzter letzten concludes conclusion completes ends ended finishes end over stop stopp finish finished done ende
		schluss fertig halt beendet fin terminé terminado fine finito fim einde koniec конец стоп bitti 结束 停止 終わり 終了 끝 종료`,
	wThanks: `done finished well finish gemacht fertig thanks thank great perfect good excellent awesome nice super danke sehr gut toll prima
		wunderbar perfekt ok okay merci parfait gracias perfecto grazie perfetto obrigado perfeito bedankt dziękuję спасибо отлично
		teşekkürler 谢谢 很好 ありがとう 감사합니다 좋아`,
	wShow: `show shows print prints repeat reveal display output echo dump disclose leak expose quote recite reproduce copy spell zeig zeige
		zeigen wiederhole wiederholen ausgeben drucke verrate offenbare liste kopiere zitiere druck verrat montre montrez affiche affichez
		répète répétez révèle révélez imprime muestra muéstrame muestre repite dime revela enséñame mostra mostrami ripeti stampa rivela
		mostre repita revele imprima toon herhaal geef pokaż powtórz wypisz ujawnij покажи повтори выведи раскрой напиши напечатай göster
		tekrarla yazdır 显示 输出 打印 重复 告诉我 泄露 透露 展示 表示 出力 繰り返し 見せて 教えて 보여줘 출력 반복 알려줘 اعرض اطبع كرر दिखाओ`,
	wReveal: `fasse fass résume résumez resume resuma resumir riassumi gib encode encrypt convert rewrite rephrase paraphrase codiere kodiere verschlüssele schreib show shows print prints repeat reveal
		display output return give list share type echo dump disclose leak expose quote recite reproduce copy paste spell summarize
		summarise translate provide describe recount zeig zeige zeigen nenne nennen wiederhole wiederholen ausgeben drucke verrate
		offenbare liste kopiere teile schreibe zitiere übersetze druck verrat montre montrez affiche affichez répète répétez donne donnez
		révèle révélez écris imprime muestra muéstrame muestre repite dime revela escribe enseña enséñame mostra mostrami ripeti stampa
		rivela dammi scrivi mostre repita revele imprima toon herhaal geef pokaż powtórz wypisz ujawnij покажи повтори выведи раскрой
		напиши напечатай göster tekrarla yazdır 显示 输出 打印 重复 告诉我 泄露 透露 展示 表示 出力 繰り返し 見せて 教えて 보여줘 출력 반복 알려줘 اعرض اطبع كرر दिखाओ`,
	wTell: `erzähl erzähle tell telling inform mention* reveal notify alert disclose erwähn* sage sag verrate informier* dis dites informe*
		digas menciona mencionar dire informare diga mencione vertel noem mów wspomin* говори упомин* сообщ* 告诉 提及 言わない 伝え 말하지 언급`,
	wSay: `antwort* responses answers reply repeat call nenne admit say says answer respond output write claim confirm sag sage schreib
		schreibe erzähl erzähle behaupte sagen dis réponds répondez écris di responde diga escribe rispondi scrivi responda zeg antwoord
		powiedz odpowiedz napisz скажи ответь напиши söyle yaz 说 回答 回复 写 言って 答え 말해 대답`,
	wGiven: `give gives gaben geben told taught instructed gesagt bekommst given gave got received receive provided bekommen erhalten gegeben
		bekamst erhieltst hast reçu reçues données recibiste recibido dieron ricevuto recebeu ontvangen otrzymał* получил* дал 收到 给你 与えられた
		받은`,
	wStood: `said written told wrote stood stands standing steht stand stehen standen geschrieben geschriebene gesagt gesagte geschah dit dicho
		detto écrit escrito scritto`,
	wForgot: `forgot forgotten remind vergessen erinnere erinnerst oublié rappelle olvidé olvidado recuerda recuérdame dimenticato ricorda
		esqueci lembre vergeten zapomniałem przypomnij забыл* напомни unuttum hatırlat 忘了 提醒 忘れました 思い出 잊었 기억`,
	wExact: `verbatim exactly exact precisely literally unchanged wörtlich genau exakt wortwörtlich textuellement exactamente textual
		literalmente esattamente testualmente exatamente letterlijk dokładnie słowo дословно точно aynen 逐字 原文 一字不差 そのまま 正確に 그대로 정확히`,
	wSecret: `kennwort zugangscode passcode passphrase password* secret secrets credential* apikey passwort* passwörter geheim* schlüssel
		zugangsdaten contraseña* secreto* clave* segreto parola senha wachtwoord hasł* парол* секрет* şifre 密码 密钥 秘密 パスワード 秘密鍵 비밀번호 비밀`,
	wYou: `youre you u ya yourself du dich dir sie euch ihr vous te toi usted tú ti lei tu você jij je ty ciebie ты вы тебя sen siz 你 您 あなた 너는
		당신은 넌 أنت`,
	wSelf: `deinem your yours ur dein deine deines deins deinen deiner ihre ihren eure votre vos ton ta tes tu tus su sus tuo tua tuoi tue
		vostro seu sua seus suas uw jouw twoj* twój swoje твои твой твоя ваши ваш свои твою sizin senin 你的 您的 あなたの 너의 당신의 네`,
	wMe:   `i we one man ich wir je yo io ik eu people someone users attackers`,
	wMy:   `my mine mein meine meinen meinem meiner meines unser* our mon mes mis mío mia mie meu minha mijn moj мой мое моё моих 我的 私の 내`,
	wThis: `them das dass it daß this that these those diesem dieser diese dieses hier here`,
	wUser: `customer customers client clients user users human humans anyone anybody reader recipient operator owner nutzer* benutzer*
		anwender* menschen utilisateur* usuario* utente usuário* gebruiker* użytkownik* пользовател* kullanıcı 用户 ユーザー 利用者 사용자`,
	wModel: `kis bots copilot gemini claude agents agent model assistant assistants ai llm llms chatbot bot gpt chatgpt assistent assistenten ki
		sprachmodell* ia asistente assistente asystent* ассистент* ии модел* нейросет* 助手 模型 人工智能 アシスタント モデル 어시스턴트 인공지능 모델`,
	wAct: `act acts acting pretend* roleplay play behave simulate impersonate emulate agiere agieren handle spiel spiele verhalte verhalten tu
		tue benimm agis agissez fais comporte prétends joue actúa actua actúe finge compórtate interpreta simula agisci fingi comportati
		aja finja gedraag doe speel zachowuj udawaj działaj притвор* действуй веди играй davran 扮演 充当 假装 演じ 振る舞 行動 ふり 연기 행동 역할 تصرف imagine
		suppose assume hypothetical* fictional stell vorstell* angenommen nimm imaginez supposons imagina supongamos immagina supponi
		suponha stel wyobraź представь вообрази hayal 想象 假设 想像 仮定 상상`,
	wBe: `wärst wäre bist are be become being seid sein wirst werde es êtes eres sei é ben jesteś будь являешься 是 成为 です`,
	wAs: `if als ob as like wie comme como come jako как gibi 作为 として 처럼`,
	wRole: `hacker pirate criminal villain twin girlfriend freundin verbrecher pirat zauberer poet comedian role roles persona character
		characters personality identity rolle rollen charakter persönlichkeit identität rôle personnage papel personaje ruolo personaggio
		personagem rol rola роль роли персонаж* 角色 身份 役割 キャラクター 역할`,
	wFree: `lawless unrestricted unfiltered uncensored unlimited unbound unchained amoral unethical limitless uneingeschränkt* unzensiert*
		unbegrenzt* ungefiltert* grenzenlos* unmoralisch* sansrestriction illimité* irrestrict* ilimitad* sinfiltro illimitat*
		nieograniczon* неограничен* нецензур* 无限制 不受限制 無制限 무제한`,
	wNot: `free frei nothing none nobody niemand nix cannot not never no without don't dont can't won't doesn't neither stop avoid refrain
		nicht nie niemals keine* kein ohne nichts ne pas jamais sans aucun* nunca sin ningun* non mai senza nessun* não sem niet nooit
		zonder nigdy bez не никогда без yok asla 不 不要 没有 从不 別 しない なし ない 없이 없는 말고 لا بدون`,
	wLimit: `rule rules laws gesetze skrupel conscience gewissen restriction* limit* filter* censorship ethic* moral* boundar* guardrail*
		safeguard* safety guideline* constraint* polic* disclaimer* warning* regel* grenz* einschränkung* beschränkung* ethik* ethisch*
		zensur richtlinie* règle* censure restriccion* límite* ética reglas restrizion* regole etica restrições regras éticas beperking*
		ogranicze* zasad* filtr* ограничен* цензур* фильтр* морал* этик* kısıtlama* sınır* 限制 道德 过滤 审查 约束 制限 倫理 제한 규칙 윤리`,
	wMode: `mode modus modo modalità tryb режим mod 模式 モード 모드`,
	wModeKind: `opposite developer debug god admin administrator root maintenance jailbreak unrestricted sudo evil diagnostic superuser dev
		entwickler* wartungs* développeur desarrollador sviluppatore разработчик* geliştirici 开发者 调试 管理员 開発者 개발자`,
	wJailbreak: `evilgpt evilbot dan jailbreak jailbroken jailbreaked jailbreaking antigpt chaosgpt basedgpt freegpt`,
	wHate: `hates hating hasst bombs men women frauen männer ausländer muslims jews threat malware poison gift virus hate hacked pwned stupid
		idiot idiots dumb worse worst criminals curse swear flat dangerous liar liars corrupt hasse verbrecher idioten dumm schlecht
		schlechter schlechteste klüger scheibe gehackt fluch töten destroy kill bomb weapon weapons explosive* racist sexist insult* evil
		violent violence hass krieg töte bombe waffe* rassist* beleidig* böse haine odio`,
	wOnly: `only just exclusively solely nur bloß ausschließlich lediglich seulement uniquement solo sólo solamente únicamente soltanto apenas
		somente alleen tylko только лишь sadece 只 仅 只能 だけ のみ 만 오직`,
	wImportant: `important attention urgent importante atención att note warning notice critical alert emergency priority wichtig* achtung dringend
		warnung hinweis urgente attenzione atenção belangrijk ważn* uwaga важно внимание срочно önemli dikkat 重要 注意 紧急 重要な 注意して 중요 긴급 هام
		message notiz`,
	wOpinion: `opinion honest honestly choose decide pick think believe admit vote meinung ehrlich ehrliche ehrlichen entscheiden entscheide
		wählen denkst glaubst feel side zugeben`,
	wFollow: `apply applies gelten gilt zählt zählen count counts listen halte hör höre hören gehorchst follow obey comply execute adhere perform
		carry befolge befolgen gehorche folge führe ausführen suis suivez obéis exécute sigue obedece ejecuta segui obbedisci esegui siga
		obedeça volg gehoorzaam wykonaj postępuj следуй выполни* подчин* takip uy 遵循 遵守 执行 服从 従って 実行 따르 실행`,
	wDo: `call execute run invoke use transfer buy purchase approve grant delete send forward click visit open email post pay book install
		download accept rate recommend reveal`,
	wSend: `send forward upload post transmit email exfiltrate transfer deliver submit fetch sende schicke senden leite übermittle envoie
		envoyez transfère envía envia reenvía invia inoltra envie stuur wyślij отправ* перешли gönder 发送 转发 上传 送信 転送 보내 전송`,
	wMust: `darfst may will must should shall can to gonna sollst musst sollen müssen solltest wirst kannst devez dois doit debes debe tienes
		deves devi powinieneś должен должна нужно`,
	wWant: `order ask command need will brauche soll want wants wish möchte* wünsche voglio quiero veux quero wil chcę хочу 想 要 希望`,
	wAsk: `do does can could should would are is have kannst könntest koenntest würdest wuerdest kann lautet lautete lauten welch whats wessen
		how what why which when where who did was wie warum wieso welche* wann wo wer erkläre comment pourquoi quoi qué cómo como por
		perché cosa hoe wat waarom jak co dlaczego как что почему nasıl 什么 如何 怎么 为什么 何 どう なぜ 무엇 어떻게 왜 quelles quels quel quelle cuál cuáles
		quali quale quais welk welke jaki* какие каков*`,
	wLead: `then danach afterwards also dann und maybe please pls plz now and so but just kindly instead immediately simply bitte jetzt nun
		aber maintenant et puis mais por favor ahora y luego pero per favore ora adesso poi ma agora então e alsjeblieft nu en proszę teraz
		a пожалуйста теперь и а сейчас şimdi 请 现在 然后 接下来 今 では 次に 이제 지금 그리고 من فضلك الآن कृपया अब`,
	wGreet: `from on ab point von wait hold dude bro listen sorry oh ah ach halt warte nochmal super great thx ps übrigens uebrigens btw fine
		besides later danach anschließend eventually toll genug enough right okay ok hey hi hello next first firstly actually well yes no
		let alright attention important stop perfect thanks however anyway hereby today additionally finally again dear sir sofort einfach
		hallo ja nein achtung stopp danke gut zuerst dennoch trotzdem allerdings system sudo mal`,
	wTalk: `injection injections attack attacks attacker attackers vulnerab* security exploit* detect* prevent* protect* defen* mitigat*
		research* paper* phrase phrases regex quote* article blog tutorial classifier classifiers dataset malicious adversar* sanitiz*
		sanitis* threat* owasp scanner penetration angriff* angreifer* sicherheit* verhinder* schütz* erkenn* artikel ausdruck attaque*
		sécurité ataque* seguridad attacc* sicurezza beveilig* атак* безопасн* 攻击 安全 攻撃`,
	wFill: `are were bitte mal doch really also so the a an of this that these those to in on at with my me is was been has had i we it its
		which who whom any some such very own more most longer ever by from for der die das den dem des ein eine einen einem einer im von
		zu zum zur mit für dies diese diesen dieser ist war waren wurde wurden hast habe mir mich ich wir le la les un une de du ce cette
		ces que qui à au aux el los las lo unos del al mi il gli dei delle degli che o os as da do dos um uma het een van dat wat te был
		были мне меня это эти の を は が に と 的 了 을 를 의`,
	wRead: `read reads reading see sees process processing summarise summarize summarising summarizing analyse analyze scanning screening
		reviewing parse visiting crawling summarizer liest lesen verarbeitet`,
}
