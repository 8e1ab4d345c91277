package policy

// forms are the things of fixed form, one row each; what finds them stands in the file of that name.
var forms = []form{
	{"email", []string{KindEmail}, cueAt, (*patterns).email},
	{"email with another @", []string{KindEmail}, cueEscape, (*patterns).disguisedEmail},
	{"ip4", []string{KindIP}, cueDigit, (*patterns).ip4},
	{"ip6", []string{KindIP}, cueColon, (*patterns).ip6},
	{"iban", []string{KindIBAN}, cueDigit, (*patterns).iban},
	{"numbers", []string{KindCard, KindSSN, KindPhone}, cueDigit, (*patterns).numbers},
	{"address", []string{KindAddress}, cueDigit, (*patterns).address},
	{"url", []string{KindURL, KindSecret}, cueColon, (*patterns).url},
	{"www", []string{KindURL}, cueMark, (*patterns).www},
	{"token", []string{KindSecret}, cueMark, (*patterns).token},
	{"command", []string{KindSecret}, cueMark, (*patterns).command},
	{"key", []string{KindAWSKey, KindSecret}, cueLetter, (*patterns).key},
	{"assigned", []string{KindSecret, KindAWSSecret}, cueMark | cueColon, (*patterns).assigned},
}
