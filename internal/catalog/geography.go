package catalog

import (
	"slices"
	"strings"
)

// Geographic prefixes of system inference profiles [F 4.8].
var prefixes = []string{"us", "eu", "apac", "jp", "au", "ca", "in", "us-gov", global}

const global = "global"

// cutGeography cuts the geographic prefix of a system inference profile id; geo is "" when there is none.
func cutGeography(id string) (geo, base string) {
	before, after, found := strings.Cut(id, ".")
	if found && after != "" {
		for _, p := range prefixes {
			if p == before {
				return p, after
			}
		}
	}
	return "", id
}

// geographies gives the prefixes whose profiles an endpoint's region may know, in the order in which they are tried:
// the smaller geography first, so that data stays near, then the larger one, then global (R-CAP-03). Profiles of Canada
// are few; as nothing else can serve a model that has neither one nor a global profile, the us. profile is tried last
// there.
func geographies(region string) []string {
	switch region {
	case "ap-northeast-1", "ap-northeast-3":
		return []string{"jp", "apac", global}
	case "ap-southeast-2", "ap-southeast-4":
		return []string{"au", "apac", global}
	case "ap-south-1", "ap-south-2":
		return []string{"in", "apac", global}
	}
	area, _, _ := strings.Cut(region, "-")
	switch {
	case strings.HasPrefix(region, "us-gov-"):
		return []string{"us-gov"} // global reaches commercial regions only
	case strings.HasPrefix(region, "us-iso"), area == "cn":
		return nil
	case area == "us", area == "eu":
		return []string{area, global}
	case area == "ap":
		return []string{"apac", global}
	case area == "ca":
		return []string{"ca", global, "us"}
	}
	return []string{global}
}

// calledIn is the id under which the bare model is called in a region: itself, or the profile that it needs there
// (R-CAP-03).
func (m *Model) calledIn(region string) string {
	if !m.needsProfile(region) {
		return m.ID
	}
	order := geographies(region)
	for _, doubtful := range []bool{false, true} {
		for _, geo := range order {
			if p := m.profile(geo, doubtful); p != "" {
				return p
			}
		}
	}
	return m.ID
}

// needsProfile tells whether the bare id is known to be refused. It depends on the region for some [F 4.8], of which
// the data file knows us-west-2 alone; elsewhere the bare id is tried as asked, because a profile would take the data
// out of the region.
func (m *Model) needsProfile(region string) bool {
	return m.ProfileRequired == Yes || m.profileInWest2 && region == "us-west-2"
}

func (m *Model) profile(geo string, doubtful bool) string {
	for _, p := range m.Profiles {
		if len(p) > len(geo) && p[len(geo)] == '.' && p[:len(geo)] == geo && slices.Contains(m.doubtful, p) == doubtful {
			return p
		}
	}
	return ""
}
