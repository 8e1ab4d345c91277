package form

import "outcrop/policy/finding"

// Forms are the things of fixed form, one row each; what finds them stands in the file of that name.
var Forms = []Form{
	{"email", []string{finding.KindEmail}, cueAt, (*Patterns).email},
	{"email with another @", []string{finding.KindEmail}, cueEscape, (*Patterns).disguisedEmail},
	{"ip4", []string{finding.KindIP}, cueDigit, (*Patterns).ip4},
	{"ip6", []string{finding.KindIP}, cueColon, (*Patterns).ip6},
	{"iban", []string{finding.KindIBAN}, cueDigit, (*Patterns).iban},
	{"numbers", []string{finding.KindCard, finding.KindSSN, finding.KindPhone}, cueDigit, (*Patterns).numbers},
	{"address", []string{finding.KindAddress}, cueDigit, (*Patterns).address},
	{"url", []string{finding.KindURL, finding.KindSecret}, cueColon, (*Patterns).url},
	{"www", []string{finding.KindURL}, cueMark, (*Patterns).www},
	{"token", []string{finding.KindSecret}, cueMark, (*Patterns).token},
	{"command", []string{finding.KindSecret}, cueMark, (*Patterns).command},
	{"key", []string{finding.KindAWSKey, finding.KindSecret}, cueLetter, (*Patterns).key},
	{"assigned", []string{finding.KindSecret, finding.KindAWSSecret}, cueMark | cueColon, (*Patterns).assigned},
}
