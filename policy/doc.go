// Package policy says what may pass, both ways. Detectors find things in texts and change nothing; rules decide what
// becomes of a finding; a redaction core rewrites texts and, in answers, puts back what it took out.
//
// It must not know HTTP, models or AWS, must not log, and never hands out the text of a finding: decisions carry kinds,
// places and counts only.
//
// Start reading at [Policy.Inspect]; what can be found is listed in detectors.go, one row each.
package policy
