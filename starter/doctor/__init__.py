"""What answers, which credentials work, what is missing and what that costs: questions only, nothing is changed."""
