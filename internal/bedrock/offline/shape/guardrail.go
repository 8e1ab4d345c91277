package shape

// entityTypes are the kinds of sensitive information that can be asked for.
var entityTypes = []string{
	"ADDRESS", "AGE", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "CA_HEALTH_NUMBER", "CA_SOCIAL_INSURANCE_NUMBER",
	"CREDIT_DEBIT_CARD_CVV",
	"CREDIT_DEBIT_CARD_EXPIRY", "CREDIT_DEBIT_CARD_NUMBER", "DRIVER_ID", "EMAIL", "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
	"IP_ADDRESS", "LICENSE_PLATE",
	"MAC_ADDRESS", "NAME", "PASSWORD", "PHONE", "PIN", "SWIFT_CODE", "UK_NATIONAL_HEALTH_SERVICE_NUMBER",
	"UK_NATIONAL_INSURANCE_NUMBER",
	"UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "URL", "USERNAME", "US_BANK_ACCOUNT_NUMBER", "US_BANK_ROUTING_NUMBER",
	"US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "US_PASSPORT_NUMBER", "US_SOCIAL_SECURITY_NUMBER",
	"VEHICLE_IDENTIFICATION_NUMBER",
}

// applyShape is the body of ApplyGuardrail [FACTS 6.5].
func applyShape() *Shape {
	return Structure(map[string]*Shape{
		"source":      Enum("INPUT", "OUTPUT"),
		"content":     List(guardContent()).sensitive(),
		"outputScope": Enum("INTERVENTIONS", "FULL"),
	}, "source", "content")
}

// checksShape is the body of InvokeGuardrailChecks [FACTS 6.5].
func checksShape() *Shape {
	category := func(values ...string) *Shape {
		return Structure(map[string]*Shape{"category": Enum(values...)}, "category")
	}
	return Structure(map[string]*Shape{
		"messages": List(Structure(map[string]*Shape{
			"role":    Enum("user", "assistant", "system"),
			"content": List(Union(map[string]*Shape{"text": Str()})),
		}, "role", "content")).sensitive(),
		"checks": Structure(map[string]*Shape{
			"contentFilter": Structure(map[string]*Shape{
				"categories": List(category("VIOLENCE", "HATE", "SEXUAL", "MISCONDUCT", "INSULTS")).Between(1, 5)}, "categories"),
			"promptAttack": Structure(map[string]*Shape{
				"categories": List(category("JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE")).Between(1, 3)}, "categories"),
			"sensitiveInformation": Structure(map[string]*Shape{
				"entities": List(Structure(map[string]*Shape{"type": Enum(entityTypes...)}, "type")).Between(1, 31)}, "entities"),
		}),
	}, "messages", "checks")
}
