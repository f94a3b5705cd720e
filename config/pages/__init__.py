"""The pages that belong to no app: home, communes, help, statements, reading page of the API."""
