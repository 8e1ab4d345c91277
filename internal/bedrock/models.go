package bedrock

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	control "github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"outcrop/internal/catalog"
)

const (
	listWithin   = time.Minute
	profilesPage = 1000 // the most that Bedrock gives at a time
)

// Listing asks the control plane of the gateway's region for its models and inference profiles: ListFoundationModels,
// which has one page, and all pages of ListInferenceProfiles for both types [F 6.7]. It needs
// bedrock:ListFoundationModels and bedrock:ListInferenceProfiles. The error is an *openai.Error; then there is no
// listing, because half of one would hide models.
func (b *Bedrock) Listing(ctx context.Context) (catalog.Listing, error) {
	ctx, cancel := context.WithTimeout(withCall(ctx, &call{}), listWithin)
	defer cancel()
	client := b.control(b.aws.Region)
	var l catalog.Listing
	models, err := client.ListFoundationModels(ctx, &control.ListFoundationModelsInput{})
	if err != nil {
		return catalog.Listing{}, b.controlFault(ctx, err)
	}
	for i := range models.ModelSummaries {
		l.Models = append(l.Models, listedModel(&models.ModelSummaries[i]))
	}
	for _, kind := range types.InferenceProfileType("").Values() {
		if l.Profiles, err = appendProfiles(ctx, l.Profiles, client, kind); err != nil {
			return catalog.Listing{}, b.controlFault(ctx, err)
		}
	}
	return l, nil
}

func listedModel(m *types.FoundationModelSummary) catalog.ListedModel {
	out := catalog.ListedModel{
		ID: aws.ToString(m.ModelId), Name: aws.ToString(m.ModelName), Provider: aws.ToString(m.ProviderName),
		Inputs: texts(m.InputModalities), Outputs: texts(m.OutputModalities), Inference: texts(m.InferenceTypesSupported),
	}
	if s := m.ResponseStreamingSupported; s != nil && *s {
		out.Streaming = catalog.Yes
	} else if s != nil {
		out.Streaming = catalog.No
	}
	if life := m.ModelLifecycle; life != nil {
		out.Legacy = life.Status == types.FoundationModelLifecycleStatusLegacy
		out.Started, out.Ends = aws.ToTime(life.StartOfLifeTime), aws.ToTime(life.EndOfLifeTime)
	}
	return out
}

// appendProfiles appends the active profiles of a type, all pages.
func appendProfiles(ctx context.Context, list []catalog.ListedProfile, client *control.Client,
	kind types.InferenceProfileType) (
	[]catalog.ListedProfile, error,
) {
	pages := control.NewListInferenceProfilesPaginator(client, &control.ListInferenceProfilesInput{TypeEquals: kind},
		func(o *control.ListInferenceProfilesPaginatorOptions) {
			o.Limit, o.StopOnDuplicateToken = profilesPage, true
		})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.InferenceProfileSummaries {
			if model := modelOf(p.Models); model != "" && p.Status == types.InferenceProfileStatusActive {
				list = append(list, catalog.ListedProfile{
					ID: aws.ToString(p.InferenceProfileId), ARN: aws.ToString(p.InferenceProfileArn),
					Application: kind == types.InferenceProfileTypeApplication, Model: model,
				})
			}
		}
	}
	return list, nil
}

func texts[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}
