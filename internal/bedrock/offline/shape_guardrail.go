package offline

// entityTypes are the kinds of sensitive information that can be asked for.
var entityTypes = []string{
	"ADDRESS", "AGE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "CA_HEALTH_NUMBER", "CA_SOCIAL_INSURANCE_NUMBER", "CREDIT_DEBIT_CARD_CVV",
	"CREDIT_DEBIT_CARD_EXPIRY", "CREDIT_DEBIT_CARD_NUMBER", "DRIVER_ID", "EMAIL", "INTERNATIONAL_BANK_ACCOUNT_NUMBER", "IP_ADDRESS", "LICENSE_PLATE",
	"MAC_ADDRESS", "NAME", "PASSWORD", "PHONE", "PIN", "SWIFT_CODE", "UK_NATIONAL_HEALTH_SERVICE_NUMBER", "UK_NATIONAL_INSURANCE_NUMBER",
	"UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "URL", "USERNAME", "US_BANK_ACCOUNT_NUMBER", "US_BANK_ROUTING_NUMBER",
	"US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "US_PASSPORT_NUMBER", "US_SOCIAL_SECURITY_NUMBER", "VEHICLE_IDENTIFICATION_NUMBER",
}

// applyShape is the body of ApplyGuardrail [FACTS 6.5].
func applyShape() *shape {
	return structure(map[string]*shape{
		"source":      enum("INPUT", "OUTPUT"),
		"content":     list(guardContent()).sensitive(),
		"outputScope": enum("INTERVENTIONS", "FULL"),
	}, "source", "content")
}

// checksShape is the body of InvokeGuardrailChecks [FACTS 6.5].
func checksShape() *shape {
	category := func(values ...string) *shape {
		return structure(map[string]*shape{"category": enum(values...)}, "category")
	}
	return structure(map[string]*shape{
		"messages": list(structure(map[string]*shape{
			"role":    enum("user", "assistant", "system"),
			"content": list(union(map[string]*shape{"text": str()})),
		}, "role", "content")).sensitive(),
		"checks": structure(map[string]*shape{
			"contentFilter": structure(map[string]*shape{
				"categories": list(category("VIOLENCE", "HATE", "SEXUAL", "MISCONDUCT", "INSULTS")).between(1, 5)}, "categories"),
			"promptAttack": structure(map[string]*shape{
				"categories": list(category("JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE")).between(1, 3)}, "categories"),
			"sensitiveInformation": structure(map[string]*shape{
				"entities": list(structure(map[string]*shape{"type": enum(entityTypes...)}, "type")).between(1, 31)}, "entities"),
		}),
	}, "messages", "checks")
}
