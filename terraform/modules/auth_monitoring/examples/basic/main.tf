module "auth_monitoring" {
  source = "../.."

  alarm_topic_arns = ["arn:aws:sns:us-east-1:111122223333:alarms"]
  name_prefix      = "mortgage-dev"
}
