package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// AliasFaults judges aliases, which map a name to the name of a model, to an ARN or to another alias. It gives what is
// wrong, by the alias whose target has to change: each circle once, at the first of its aliases in alphabetical order,
// and each name that is nothing of Bedrock at the aliases that name it themselves. What merely leads to those is not at
// fault.
func (c *Catalog) AliasFaults(aliases map[string]string) map[string]error {
	faults := map[string]error{}
	for alias, target := range aliases {
		if _, more := aliases[target]; more {
			if circle := circleFrom(aliases, alias); circle != nil && alias == slices.Min(circle) {
				faults[alias] = fmt.Errorf("%s is a circle", strings.Join(append(circle, alias), " → "))
			}
		} else if _, err := c.Resolve(target, ""); err != nil {
			faults[alias] = fmt.Errorf("leads nowhere: %w", err)
		}
	}
	return faults
}

// circleFrom gives the aliases of the circle that alias is part of, in order from itself; nil when it is part of none.
func circleFrom(aliases map[string]string, alias string) []string {
	chain := []string{alias}
	for next, more := aliases[alias]; more && len(chain) <= len(aliases); next, more = aliases[next] {
		if next == alias {
			return chain
		}
		chain = append(chain, next)
	}
	return nil
}
