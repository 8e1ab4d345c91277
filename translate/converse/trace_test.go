package converse

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/google/go-cmp/cmp"

	"outcrop/openai"
)

// R-GRD-05: nothing that a guardrail hid is in the trace that the client sees, and R-FIN-02 reads it all.
func TestJudge(t *testing.T) {
	finding := &types.GuardrailAutomatedReasoningFindingMemberInvalid{
		Value: types.GuardrailAutomatedReasoningInvalidFinding{
			ContradictingRules: []types.GuardrailAutomatedReasoningRule{{Identifier: aws.String("R1"),
				PolicyVersionArn: aws.String("arn:aws:x")}},
			Translation: &types.GuardrailAutomatedReasoningTranslation{
				Confidence:         aws.Float64(0.5),
				UntranslatedClaims: []types.GuardrailAutomatedReasoningInputTextReference{{Text: aws.String("secret")}},
			},
		}}
	trace := &types.GuardrailTraceAssessment{
		ModelOutput: []string{"secret"},
		InputAssessment: map[string]types.GuardrailAssessment{"arn:aws:bedrock:us-east-1:123456789012:guardrail/g1": {
			AppliedGuardrailDetails: &types.AppliedGuardrailDetails{GuardrailArn: aws.String("arn:aws:secret"),
				GuardrailId: aws.String("g1"), GuardrailOrigin: []types.GuardrailOrigin{"REQUEST"}},
			WordPolicy: &types.GuardrailWordPolicyAssessment{
				CustomWords: []types.GuardrailCustomWord{{Action: "NONE", Match: aws.String("secret"), Detected: aws.Bool(true)}}},
		}},
		OutputAssessments: map[string][]types.GuardrailAssessment{"g1": {{
			SensitiveInformationPolicy: &types.GuardrailSensitiveInformationPolicyAssessment{
				PiiEntities: []types.GuardrailPiiEntityFilter{{Action: "ANONYMIZED", Match: aws.String("secret"), Type: "ADDRESS"}},
				Regexes: []types.GuardrailRegexFilter{{Action: "ANONYMIZED", Match: aws.String("secret"),
					Regex: aws.String("secret"), Name: aws.String("Account")}},
			},
			AutomatedReasoningPolicy: &types.GuardrailAutomatedReasoningPolicyAssessment{
				Findings: []types.GuardrailAutomatedReasoningFinding{finding, nil, &types.UnknownUnionMember{Tag: "x"}}},
			InvocationMetrics: &types.GuardrailInvocationMetrics{GuardrailProcessingLatency: aws.Int64(3)},
		}}},
	}
	v := judge(trace)
	want := `{"inputAssessment":{"g1":{"appliedGuardrailDetails":{"guardrailId":"g1","guardrailOrigin":["REQUEST"]},` +
		`"wordPolicy":{"customWords":[{"action":"NONE","detected":true}]}}},` +
		`"outputAssessments":{"g1":[{"automatedReasoningPolicy":{"findings":[{"invalid":{"contradictingRules":[{"identifier":"R1"}],"translation":{"confidence":0.5,"untranslatedClaims":[{}]}}}]},` +
		`"invocationMetrics":{"guardrailProcessingLatency":3},` +
		`"sensitiveInformationPolicy":{"piiEntities":[{"action":"ANONYMIZED","type":"ADDRESS"}],"regexes":[{"action":"ANONYMIZED","name":"Account"}]}}]}}`
	if diff := cmp.Diff(want, string(v.trace)); diff != "" || v.action != openai.GuardrailMasked {
		t.Errorf("%s: %s", v.action, diff)
	}
	trace.OutputAssessments["g1"][0].TopicPolicy = &types.GuardrailTopicPolicyAssessment{
		Topics: []types.GuardrailTopic{{Action: "BLOCKED"}}}
	if v := judge(trace); v.action != openai.GuardrailBlocked {
		t.Errorf("R-FIN-02: %s with a BLOCKED action", v.action)
	}
	if v := judge(&types.GuardrailTraceAssessment{}); v.action != openai.GuardrailNone || string(v.trace) != "{}" {
		t.Errorf("%+v", v)
	}
}
