# What Terraform calls for the function (seen in its log), and the orchestrator for the gateway (orchestration/aws/gateway.py).

locals {
  agentcore_arn = "arn:${var.partition}:bedrock-agentcore:${var.region}:${var.account_id}"
  gateway_name  = "${local.name_prefix}-gateway"
  # The service ends an id with ten characters of its own (botocore model: GatewayId): a shorter pattern would be another's too.
  gateway_id   = "${local.gateway_name}-??????????"
  function_arn = "arn:${var.partition}:lambda:${var.region}:${var.account_id}:function:${local.name_prefix}-credit-check"

  gateway_statements = [
    {
      Sid    = "Function"
      Effect = "Allow"
      Action = [
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:DeleteFunctionUrlConfig",
        "lambda:GetFunction",
        "lambda:GetFunctionCodeSigningConfig",
        "lambda:GetFunctionUrlConfig",
        "lambda:GetPolicy",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
        "lambda:RemovePermission",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
      ]
      # Its aliases and versions too: each may have a policy or a URL of its own, by which it is called past the gateway.
      Resource = [local.function_arn, "${local.function_arn}:*"]
    },
    {
      Sid    = "MakeAndListGateways"
      Effect = "Allow"
      Action = ["bedrock-agentcore:CreateGateway", "bedrock-agentcore:ListGateways"]
      # "*": there is no id before there is a gateway (service authorization reference, AgentCore).
      Resource = ["*"]
    },
    {
      # What is made with tags is tagged before it has an id; these tags alone, which say that it is this environment's.
      Sid      = "TagWhatIsMade"
      Effect   = "Allow"
      Action   = ["bedrock-agentcore:TagResource"]
      Resource = ["${local.agentcore_arn}:gateway/*", "${local.agentcore_arn}:runtime/*"]
      Condition = {
        StringEquals = { "aws:RequestTag/Project" = var.project, "aws:RequestTag/Environment" = var.environment }
      }
    },
    {
      Sid    = "OwnGateway"
      Effect = "Allow"
      Action = [
        "bedrock-agentcore:CreateGatewayTarget",
        "bedrock-agentcore:DeleteGateway",
        "bedrock-agentcore:DeleteGatewayTarget",
        "bedrock-agentcore:GetGateway",
        "bedrock-agentcore:GetGatewayTarget",
        "bedrock-agentcore:ListGatewayTargets",
        "bedrock-agentcore:ListTagsForResource",
        "bedrock-agentcore:TagResource",
        "bedrock-agentcore:UpdateGateway",
        "bedrock-agentcore:UpdateGatewayTarget",
      ]
      Resource = ["${local.agentcore_arn}:gateway/${local.gateway_id}"]
    },
    {
      # Each gateway has an identity of its own, made and deleted with it as whoever does that (AgentCore devguide:
      # gateway-prerequisites-permissions).
      Sid      = "IdentityOfTheGateway"
      Effect   = "Allow"
      Action   = ["bedrock-agentcore:CreateWorkloadIdentity", "bedrock-agentcore:DeleteWorkloadIdentity", "bedrock-agentcore:GetWorkloadIdentity"]
      Resource = [for place in ["", "/workload-identity/${local.gateway_id}"] : "${local.agentcore_arn}:workload-identity-directory/default${place}"]
    },
    {
      # The first provider of a region makes the vault too.
      Sid    = "CredentialProvider"
      Effect = "Allow"
      Action = [
        "bedrock-agentcore:CreateOauth2CredentialProvider",
        "bedrock-agentcore:CreateTokenVault",
        "bedrock-agentcore:DeleteOauth2CredentialProvider",
        "bedrock-agentcore:GetOauth2CredentialProvider",
        "bedrock-agentcore:GetTokenVault",
        "bedrock-agentcore:TagResource",
        "bedrock-agentcore:UpdateOauth2CredentialProvider",
      ]
      Resource = [for place in ["", "/oauth2credentialprovider/${local.gateway_name}"] : "${local.agentcore_arn}:token-vault/default${place}"]
    },
    {
      # AgentCore Identity keeps the client's secret in Secrets Manager, as whoever makes the provider. It is read to compare it
      # with the client's own: nothing else tells that a provider has a wrong one.
      Sid    = "SecretOfTheProvider"
      Effect = "Allow"
      Action = [
        "secretsmanager:CreateSecret",
        "secretsmanager:DeleteSecret",
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:TagResource",
        "secretsmanager:UpdateSecret",
      ]
      Resource = ["arn:${var.partition}:secretsmanager:${var.region}:${var.account_id}:secret:bedrock-agentcore-identity!default/oauth2/${local.gateway_name}-??????"]
    },
    {
      Sid       = "HandTheGatewaysRoleToAgentCore"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [local.gateway_role_arns["gateway"]]
      Condition = { StringEquals = { "iam:PassedToService" = "bedrock-agentcore.amazonaws.com" } }
    },
    {
      Sid       = "HandTheFunctionsRoleToLambda"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [local.gateway_role_arns["credit-check"]]
      Condition = { StringEquals = { "iam:PassedToService" = "lambda.amazonaws.com" } }
    },
  ]
}
