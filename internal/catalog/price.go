package catalog

import "strings"

// Scopes of prices beside the geographic prefixes.
const (
	scopeInRegion = "in_region"
	scopeUSEast1  = "us-east-1" // what a caller in us-east-1 pays, the last resort
)

// PriceFor is what a call of the id costs, USD per million tokens: the rate of the inference profile that the id (or
// ARN) names, else the rate in the region, else that of us-east-1. The zero value means that no price is known.
func (m *Model) PriceFor(calledID string) Price {
	if i := strings.LastIndexByte(calledID, '/'); i >= 0 {
		calledID = calledID[i+1:]
	}
	if geo, _ := cutGeography(calledID); geo != "" {
		if p, ok := m.Prices[geo]; ok {
			return p
		}
	}
	if p, ok := m.Prices[scopeInRegion]; ok {
		return p
	}
	return m.Prices[scopeUSEast1]
}
