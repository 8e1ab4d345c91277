package policy

import "outcrop/policy/finding"

// The words of policy/finding, which the rooms of detectors share, as those say them who ask policy.
type (
	// Direction tells whether texts go to the model or come from it.
	Direction = finding.Direction
	// Text is one text to look at.
	Text = finding.Text
	// Finding is one thing found.
	Finding = finding.Finding
	// Detector finds things in texts.
	Detector = finding.Detector
)

// The two directions.
const (
	Input  = finding.Input
	Output = finding.Output
)

// Kinds of findings.
const (
	KindEmail     = finding.KindEmail
	KindPhone     = finding.KindPhone
	KindCard      = finding.KindCard
	KindIBAN      = finding.KindIBAN
	KindIP        = finding.KindIP
	KindSSN       = finding.KindSSN
	KindAWSKey    = finding.KindAWSKey
	KindAWSSecret = finding.KindAWSSecret
	KindSecret    = finding.KindSecret
	KindURL       = finding.KindURL
	KindAddress   = finding.KindAddress
	KindPerson    = finding.KindPerson
	KindHidden    = finding.KindHidden
)
