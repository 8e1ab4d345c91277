package catalog

// Target is where a call goes: what is known of the model, and the id that is called.
type Target struct {
	Row *Model // never nil
	// Public is the public name that served, which answers echo: the requested name, or the row's id behind an alias
	// (R-RES-02).
	Public   string
	CalledID string // goes into the path; never shown unless it is what was asked
	Region   string // "" is the gateway's own; an ARN brings its own (R-CAP-04)
	Role     string // IAM role to assume, "" for the gateway's own credentials

	Order       int    // targets of a plan with the same order are equals, of which the load decides; ascending in a plan
	Weight      int    // share among equals; 0 counts as 1
	ServiceTier string // service tier of calls that ask for none; "" leaves it to Bedrock
}
