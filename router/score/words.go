package score

import "strings"

// wordKind is what a word says about the task.
type wordKind uint8

const (
	wNone wordKind = iota
	wNumber
	wRelation
	wRate
	wChange
	wUnit
	wMaths
	wMathsToo // counts only beside surer signs of mathematics
	wProof
	wScience
	wCode
	wCodeToo // counts only beside surer signs of a program
	wLogic
	wPuzzle
	wStatement // counts only before a number
	wNegation
	wNot // counts only in capitals
	wCase
	wDemand
	wFormat
	wWrite
	wCreative
	wExposition
	wSource
	wSmalltalk
	wConjunction
	wReference
	wYou // counts only before wAre: "You are a pirate"
	wAre
	wHow // counts only before wMany: "how many"
	wMany

	numKinds
)

// wordLists name the words of each kind, English first, then German, French and Spanish where a word means one thing
// only. A plural in -s is known by itself. Words that the languages share with another meaning are left out.
//
//nolint:misspell // the other languages are spelled so
var wordLists = [numKinds]string{
	wNumber: `two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen eighteen twenty thirty forty
		fifty sixty seventy eighty ninety hundred thousand million billion dozen pair couple zwei drei vier fünf sechs sieben acht
		neun zehn zwölf zwanzig hundert deux trois quatre cinq huit neuf dix douze vingt cent dos tres cuatro cinco seis siete ocho
		nueve diez doce veinte cien`,
	wRelation: `twice thrice double doubled triple tripled quadruple half halves halved third quarter fourth fifth sixth seventh eighth
		tenth percent percentage ratio fraction proportion times average mean than discount interest tax tip profit rate speed
		increase decrease increased decreased reduced reduction fewer older younger taller shorter heavier faster slower cheaper
		longer farther consecutive multiple evenly equally equal doppelt halb hälfte drittel viertel prozent mal moitié tiers quart
		pourcent fois doble mitad tercio cuarto veces`,
	wRate: `per each every hourly daily weekly monthly yearly annual apiece both
		je jeder jede jedes pro chaque chacun cada`,
	wChange: `then after before later remaining remain remainder left rest total altogether sum difference initially originally first
		second finally again another additional extra more less combined together until already still gave gives bought sold spent
		spends lost loses added adds removed took takes saved saves save earns earned pays paid change leftover need dann danach
		übrig insgesamt zusammen reste ensuite restante después junto quedan`,
	wUnit: `minute hour day week month year dollar cent euro mile foot feet inch inches yard pound ounce gallon pint liter litre meter
		metre kilometer kilometre centimeter centimetre gram kilogram km cm mm kg kilo ml mph acre kilowatt degree age old cost
		price pay money stunde minuten tag tage woche monat jahr preis kostet heure jour semaine mois prix coûte hora día semana
		precio cuesta`,
	wMaths: `equation inequality polynomial quadratic cubic derivative differentiable integral integrate matrix matrices determinant
		eigenvalue vector scalar theorem lemma corollary conjecture probability deviation regression estimator unbiased
		heteroscedastic heteroscedasticity heteroskedasticity autocorrelation stationary residual covariance logarithm log ln sin
		cos tan exponent exponential arithmetic algebra algebraic geometry triangle circle radius diameter perimeter circumference
		rectangle rectangular sphere cylinder polygon parabola tangent slope hypotenuse divisor divisible integer rational
		irrational modulo mod factorial permutation converge converges continuous subgroup cyclic abelian homomorphism isomorphism
		isomorphic orthogonal vertex vertices edges subset intersection infinity bijection sqrt frac solve simplify maximize
		minimize optimum coordinate denominator numerator quotient minimise maximise extrema zeros variable gleichung ableitung
		wahrscheinlichkeit berechne berechnen dreieck winkel primzahl quadrat löse équation dérivée intégrale matrice probabilité
		calculer calcule calculez résoudre ecuación derivada matriz probabilidad calcular calcula triángulo resolver resuelve`,
	wMathsToo: `random expected variance normal sample square cube angle divided multiple prime real complex sequence series limit ring
		field set rank linear finite infinite digit odd even compute calculate factor root maximum minimum plane axis decimal dice
		die outcomes formula expression product quantity constant basis fraction remainder union graph geometric evaluate kernel
		dimension combination confidence distribution correlation hypothesis`,
	wProof: `prove proof proves derive derivation derivations induction contradiction theorem
		beweise beweis beweisen herleitung démontrer démontre démontrez démontrons preuve demuestra demostrar demostración`,
	wScience: `velocity acceleration momentum kinetic potential joule newton force torque friction mass gravitational gravity orbital
		wavelength amplitude photon electron proton neutron capacitor capacitance inductor inductance resistor resistance ohm volt
		voltage ampere current circuit magnetic electric flux lens refraction refractive pendulum frictionless pressure thermal
		thermodynamic entropy enthalpy isotope decay half-life nuclear mole molar molarity molecule atom atomic ion ionic oxidation
		reduction reaction reactant equilibrium acid buffer titration concentration solute stoichiometry ph pka ka catalyst gas
		density moles kelvin celsius hz nm ev mol atm mhz watt kw allele genotype phenotype recessive dominant heterozygous
		homozygous chromosome inherited offspring autosomal linked pedigree depreciation inventory asset liability liabilities
		equity dividend revenue receivable payable debenture amortization accrual ledger balance-sheet taxable deduction audit
		auditor goodwill straight-line residual marginal elasticity multiplier gdp inflation nominal monopolist bits bytes byte
		satellite parsec luminosity telescope amplifier transformer impedance generator winding rotor volts watts joules newtons`,
	wCode: `code python react arrays sorted median in-place one-liner compile component hook javascript typescript java golang rust
		kotlin sql html css php bash regex regexp json-schema algorithm array recursion recursive compiler runtime debug debugging
		traceback hash hashmap threads mutex goroutine async await api endpoint database query schema null docker kubernetes
		unit-test refactor implement implementation program programming npm pip numpy pandas tensorflow pytorch parse parser parses
		complexity palindrome palindromic subsequence substring traversal bfs dfs dp def const var int char bool fmt std cout
		println printf elif cpp backend frontend deploy deployment migration sharding shard programm algorithmus funktion datenbank
		programme algorithme fonction logiciel programa algoritmo función código distributed scalable microservice microservices
		latency throughput concurrency concurrent replication kafka redis postgres terraform`,
	wCodeToo: `reverse method variable list string loop bug stack queue heap tree pointer thread index join select insert update delete git
		commit repository script framework node memory dynamic sort sorting merge search return import print let func void struct
		server servers lambda enum shell ruby swift tenant cluster migrate binary linked exception output input button click web
		website request response edge function cache bandwidth linux cloud cycle`,
	wLogic: `if must cannot unless all none some only either exactly suppose assume assuming possible impossible whether opposite facing
		north south east west wenn falls muss alle keiner entweder si tous aucun doit sinon todos ninguno debe`,
	wPuzzle: `sits seated puzzle riddle brother sister siblings father mother son daughter uncle aunt cousin weighing liar liars truth knight knave
		logically logical valid invalid validity conclusion conclude premise infer inference deduce counterexample syllogism follows
		implies implication entail entails contradict contradicts quantifier predicate proposition propositional tautology negation
		conditional converse contrapositive position overtake overtakes seated row labelled labeled truthful rätsel logisch folgt
		bruder schwester énigme logique frère soeur acertijo lógica hermano hermana`,
	wStatement: `statement scenario assertion premise claim aussage szenario énoncé afirmación`,
	wNegation:  `except incorrect incorrectly false untrue neither nor wrong invalid exception falsch faux sauf falso excepto`,
	wNot:       `not least never cannot no nicht pas`,
	wCase: `defendant plaintiff court statute statutory contract contractual negligence negligent liable liability tort jury verdict
		trial prosecution prosecutor attorney lawyer counsel landlord tenant lease lessee deed conveyed conveyance grantor grantee
		buyer seller breach damages sued sues suit lawsuit convicted acquitted murder manslaughter burglary larceny robbery assault
		felony testimony testified testify witness hearsay admissible inadmissible evidence objection objected appeal appellate
		constitutional unconstitutional amendment ordinance clause consent trustee beneficiary heir estate easement mortgage
		mortgagee jurisdiction judge judgment action claim enforce enforceable police homeowner arrested search warrant patient
		physician hospital examination symptoms diagnosis diagnosed treatment therapy pain fever pulse respirations auscultation
		murmur lesion biopsy serum mm mmhg laboratory studies shows presents emergency department history medication tablets dose
		year-old woman man vomiting blood nurse klage beklagte kläger vertrag gericht haftung tribunal contrat demandado contrato`,
	wDemand: `step steps reasoning justify justification plan planning design architect architecture analyse analyze analysing
		analysis compare comparison evaluate assess assessment optimise optimize optimisation optimization strategy trade-off
		tradeoff tradeoffs consider considering recommend recommendation derive thorough thoroughly detailed detail rigorous
		investigate diagnose troubleshoot fix constraints requirements estimate scalability consistency failure failures phases risk
		risks implications migrate show determine prove critically critique algorithm efficient time-complexity schritt begründe
		begründen analysiere analysieren vergleiche vergleichen entwirf optimiere schätze étape analyser comparer justifier
		concevoir optimiser paso analiza analizar comparar justificar diseñar`,
	wFormat: `json csv yaml xml table column extract extraction classify classification categorize categorise format formatted bullet
		entities key keys value values identify sort list rows count return markdown summary tabelle liste extrahiere tableau
		extraire tabla lista extraer`,
	wWrite: `write rewrite draft compose edit create make craft schreibe schreib verfasse écris rédige rédigez escribe redacta act speak
		play`,
	wCreative: `story poem newsletter toast haiku sonnet limerick song lyrics essay blog email letter speech tweet slogan headline novel
		tale scene dialogue monologue pretend imagine roleplay role persona embody captivating engaging vivid creative creatively
		humor humour humorous joke funny rhyme metaphor descriptive paragraph persuasive invitation advertisement storytelling
		narrator protagonist fantasy geschichte gedicht brief rede histoire poème lettre courriel discours historia poema carta
		correo discurso`,
	wExposition: `explain describe discuss outline overview culture cultural history historical influence impact society social art music
		religion religious philosophy political politics ethics moral economy century era significance role concept idea theory tell
		introduce meaning definition define known called term best example erkläre erklären beschreibe expliquer explique décrire
		explicar`,
	wSource: `passage excerpt refers author speaker source treaty king empire war revolution colonial century historian historical writer
		according`,
	wSmalltalk: `hi hello hey thanks thank thx ok okay bye goodbye cool great nice yes no morning evening night welcome please sorry cheers
		yo hallo danke bitte tschüss guten bonjour salut merci hola gracias adiós ciao`,
	wConjunction: `and but or because although though while when whereas since so however therefore thus where that which whose und aber oder
		weil obwohl während et mais ou parce quand pero porque cuando`,
	wYou:  `you du tu usted vous`,
	wHow:  `how wie`,
	wMany: `many much viel viele combien cuántos cuántas cuánto`,
	wAre:  `are re bist es eres êtes`,
	wReference: `now it its this that these those them they instead again also too same previous above earlier your he she him her change
		rewrite redo modify extend generalise generalize continue jetzt nun das dies auch stattdessen nochmal maintenant cela aussi
		plutôt ahora esto eso también`,
}

// signLists do the same for Chinese and Japanese, by pairs of signs, since nothing parts the words there.
var signLists = [numKinds]string{
	wNumber:     `两个 三个 四个 五个 十个`,
	wRelation:   `百分 两倍 一半 平均 比例 倍数 半分`,
	wRate:       `每个 每天 每小 每人 毎日`,
	wChange:     `剩下 一共 总共 然后 最后 合計 残り`,
	wUnit:       `小时 分钟 公里 多少 時間`,
	wMaths:      `方程 函数 概率 积分 导数 矩阵 整数 计算 計算 整除 確率 積分`,
	wProof:      `证明 證明 証明 推导 归纳`,
	wScience:    `速度 能量 电压 质量 浓度 加速`,
	wCode:       `代码 程序 算法 编程 编写 实现 数据 关数 コー ード`,
	wLogic:      `如果 假设 所有`,
	wDemand:     `步骤 一步 推理 分析 比较 设计 优化 理由 手順 比較 設計`,
	wFormat:     `表格 列表 提取`,
	wCreative:   `故事 写诗 邮件 小说 信件 物語 手紙`,
	wExposition: `解释 介绍 说明 历史 文化 歴史 説明`,
	wSmalltalk:  `你好 谢谢 您好 早上 感谢`,
}

// lexicon finds the kind of a word by its hash. Words of one hash would share a kind, which with 64 bits does not
// happen.
type lexicon [1 << 13]struct {
	hash uint64
	kind wordKind
}

var knownWords = newLexicon()

func newLexicon() *lexicon {
	var l lexicon
	// A word that stands in several lists is of the kind that comes first.
	for kind, list := range wordLists {
		for _, word := range strings.Fields(list) {
			l.add(hashOf(word), wordKind(kind))
		}
	}
	for kind, list := range wordLists {
		for _, word := range strings.Fields(list) {
			if len(word) > 2 && word[len(word)-1] != 's' {
				l.add(hashOf(word+"s"), wordKind(kind))
			}
		}
	}
	for kind, list := range signLists {
		for _, pair := range strings.Fields(list) {
			l.add(hashOf(pair), wordKind(kind))
		}
	}
	return &l
}

func (l *lexicon) add(hash uint64, kind wordKind) {
	i := hash >> 51
	for ; l[i].kind != wNone; i = (i + 1) % uint64(len(l)) {
		if l[i].hash == hash {
			return
		}
	}
	l[i].hash, l[i].kind = hash, kind
}

// find gives the kind of a word, wNone if it is none of ours.
func (l *lexicon) find(hash uint64) wordKind {
	i := hash >> 51
	for ; l[i].kind != wNone; i = (i + 1) % uint64(len(l)) {
		if l[i].hash == hash {
			return l[i].kind
		}
	}
	return wNone
}

// The hash of a word is FNV-1a over its characters, mixed so that its upper bits serve as a place in the table.
const (
	hashStart  = 14695981039346656037
	hashFactor = 1099511628211
	hashMix    = 0x9E3779B97F4A7C15
)

func hashOf(word string) uint64 {
	h := uint64(hashStart)
	for _, c := range word {
		if c != '-' && c != '\'' {
			h = (h ^ uint64(c)) * hashFactor
		}
	}
	return h * hashMix
}
