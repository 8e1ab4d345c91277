package store

// Account is what may be spent in one period of time: a sum that grows, and its limit.
type Account struct {
	Tenant string
	ID     string // whose, and of what kind of period: "key:…:month"
	From   int64  // when the period began, in seconds since 1970; 0 for one without end
	Limit  int64
}
