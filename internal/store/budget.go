package store

import "encoding/json"

// Account is what may be spent in one period of time: a sum that grows, and its limit.
type Account struct {
	Tenant string `json:"-"`
	ID     string `json:"id"`   // whose, and of what kind of period: "key:…:month"
	From   int64  `json:"from"` // when the period began, in seconds since 1970; 0 for one without end
	Limit  int64  `json:"-"`
}

// Balance is how an account stands.
type Balance struct {
	Spent int64 // what calls have cost that are settled
	Held  int64 // what is reserved for calls under way
}

// Sum is all that is not left.
func (b Balance) Sum() int64 { return b.Spent + b.Held }

// Hold is what is reserved for a call, until it is settled or its lease ends.
type Hold struct {
	Tenant   string
	ID       string // unique in the tenant
	Accounts []Account
	Amount   int64 // not negative
	Until    int64 // end of the lease, in seconds since 1970: nobody is heard of who would settle it
	Note     []byte
}

// LapsedFor is how long a hold whose lease has ended can still be settled, in seconds.
const LapsedFor = 24 * 60 * 60

// EncodeAccounts writes which accounts a hold is of, without tenant and limit.
func EncodeAccounts(all []Account) []byte {
	text, _ := json.Marshal(all) // strings and numbers always can be written
	return text
}

// DecodeAccounts reads what EncodeAccounts wrote.
func DecodeAccounts(tenant string, text []byte) (all []Account, err error) {
	err = json.Unmarshal(text, &all)
	for i := range all {
		all[i].Tenant = tenant
	}
	return all, err
}
