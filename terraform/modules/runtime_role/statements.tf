# AgentCore devguide: runtime-permissions. The identity actions of that page are absent on purpose: runtimes made since
# 2025-10-13 get them from a service-linked role, and GetWorkloadAccessTokenForUserId would let the agent's code name any
# user.

locals {
  runtime_statements = [
    {
      Sid      = "OwnLogGroups"
      Effect   = "Allow"
      Action   = ["logs:CreateLogGroup", "logs:DescribeLogStreams", "logs:PutResourcePolicy"]
      Resource = local.agent_log_groups
    },
    {
      Sid      = "OwnLogStreams"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = [for group in local.agent_log_groups : "${group}:log-stream:*"]
    },
    {
      Sid    = "FindLogGroups"
      Effect = "Allow"
      Action = ["logs:DescribeLogGroups"]
      # Any log group of this account and region: the action lists, so it is authorized against all of them.
      Resource = ["${local.log_groups_arn}:*"]
    },
    {
      Sid    = "Traces"
      Effect = "Allow"
      Action = [
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
      ]
      # "*": X-Ray's segment and sampling actions take no resource (service authorization reference, X-Ray).
      Resource = ["*"]
    },
    {
      Sid    = "Metrics"
      Effect = "Allow"
      Action = ["cloudwatch:PutMetricData"]
      # "*": the action takes no resource; the namespace is what narrows it (service authorization reference, CloudWatch).
      Resource  = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = "bedrock-agentcore" } }
    },
  ]

  image_statements = flatten([
    for repository in var.ecr_repository_arn == null ? [] : [var.ecr_repository_arn] : [
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [repository]
      },
      {
        Sid    = "RegistryToken"
        Effect = "Allow"
        Action = ["ecr:GetAuthorizationToken"]
        # "*": the action takes no resource, a token is valid for the whole registry (service authorization reference, ECR).
        Resource = ["*"]
      },
    ]
  ])

  # The agent's token for the gateway, by the workload token that the service hands it with each call (AgentCore devguide:
  # identity-authentication; runtime-permissions).
  gateway_statements = flatten([
    for provider in var.gateway_credential_provider_name == null ? [] : [var.gateway_credential_provider_name] : [
      {
        Sid    = "TokenForTheGateway"
        Effect = "Allow"
        Action = ["bedrock-agentcore:GetResourceOauth2Token"]
        # Authorized against the provider, the identity that asks, and what holds each of them.
        Resource = concat(
          ["${local.agentcore_arn}:token-vault/default", "${local.agentcore_arn}:token-vault/default/oauth2credentialprovider/${provider}"],
          ["${local.agentcore_arn}:workload-identity-directory/default"],
          [for name in local.runtime_names : "${local.agentcore_arn}:workload-identity-directory/default/workload-identity/${name}-*"],
        )
      },
      {
        Sid    = "SecretOfTheGatewaysClient"
        Effect = "Allow"
        Action = ["secretsmanager:GetSecretValue"]
        # AgentCore Identity keeps it under this name and reads it as the caller; Secrets Manager ends an ARN with six characters.
        Resource = ["arn:${var.partition}:secretsmanager:${var.region}:${var.account_id}:secret:bedrock-agentcore-identity!default/oauth2/${provider}-??????"]
      },
    ]
  ])

  invoke_model_actions = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]

  direct_model_arns = concat(local.foundation_model_arns, local.inference_profile_arns)

  # Without a model there is no statement: an empty resource list is no valid policy.
  model_statements = concat(
    [
      for arns in [local.direct_model_arns] : {
        Sid      = "InvokeModels"
        Effect   = "Allow"
        Action   = local.invoke_model_actions
        Resource = arns
      } if length(arns) > 0
    ],
    [
      for arns in [local.routed_model_arns] : {
        Sid       = "InvokeModelsThroughProfiles"
        Effect    = "Allow"
        Action    = local.invoke_model_actions
        Resource  = arns
        Condition = { ArnEquals = { "bedrock:InferenceProfileArn" = local.inference_profile_arns } }
      } if length(arns) > 0
    ],
  )
}
