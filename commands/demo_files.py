"""The files that the demo uploads; made-up people of a basketball club."""

NORA = "nora.lindqvist@mavericks.example"  # the owner of the organization and the recipient of its mails
WRONG_ADDRESS = "tom.brandt(at)mavericks.example"
RIGHT_ADDRESS = "tom.brandt@mavericks.example"

USERS = f"""\
User Email,First Name,Last Name,Teams,Manager Email,User Account Type,Is Org Admin,Employee ID,Hire Date
{NORA},Nora,Lindqvist,Front Office,,Regular,Yes,000101,2014-03-03
sam.okafor@mavericks.example,Sam,Okafor,"Front Office,Coaches",{NORA},Regular,No,000102,2015-08-17
ines.duarte@mavericks.example,Inês,Duarte,Coaches,sam.okafor@mavericks.example,Regular,No,000107,2018-01-08
{WRONG_ADDRESS},Tom,Brandt,Coaches,sam.okafor@mavericks.example,Regular,No,000111,2019-06-24
leila.haddad@mavericks.example,Leila,Haddad,"Analytics,Coaches",sam.okafor@mavericks.example,Observer,No,000119,2020-02-10
"""

TEAMS = f"""\
Team Name,Team Owner,Parent Team,Team Type
Front Office,{NORA},,Department
Coaches,sam.okafor@mavericks.example,Front Office,Department
Analytics,leila.haddad@mavericks.example,Coaches,Group
"""
